import type { RedisClient } from '../../../../redis/index.ts';
import { Script } from './script.ts';

const EVERY_MS = 5_000;
const NAMES = ['wait', 'prioritized', 'delayed', 'marker'] as const;

/** KEYS: those above of each queue; on a Cluster one more (see declaredKeys). ARGV: now. */
const SCRIPT = /* lua */ `
local call = redis.call
local held = {}
for i = 1, #KEYS - 3, 4 do
  for nth = 0, 2 do held[#held + 1] = KEYS[i + nth] end
end
if call('EXISTS', unpack(held)) == 0 then return 0 end
local signed = 0
for i = 1, #KEYS - 3, 4 do
  local due = call('EXISTS', KEYS[i], KEYS[i + 1]) > 0
  if not due then
    local first = call('ZRANGE', KEYS[i + 2], 0, 0, 'WITHSCORES')[2]
    due = first and first / 4096 <= tonumber(ARGV[1])
  end
  if due then
    call('ZADD', KEYS[i + 3], 0, '0')
    signed = signed + 1
  end
end
return signed
`;

/**
 * Leans on BullMQ 6.7's marker (see work-signal.ts). A sign is lost with a process that ends between taking it and taking work, and other programs leave
 * none: every five seconds one look at all queues of this process that sleep leaves it again. BullMQ's workers look at each queue by itself, which costs
 * an idle process of 50 queues a hundred commands a second.
 */
export class LostSigns {
  readonly #redis: RedisClient;
  readonly #script: Script;
  readonly #now: () => number;
  readonly #everyMs: number;
  /** Prefixes of keys. */
  readonly #sleeping = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** `now`: the engine's time. */
  constructor(redis: RedisClient, now: () => number, everyMs = EVERY_MS) {
    this.#everyMs = everyMs;
    this.#redis = redis;
    this.#now = now;
    this.#script = new Script(redis, SCRIPT);
  }

  /** A queue's worker sleeps, until it calls what this answers. */
  sleeps(prefix: string): () => void {
    this.#sleeping.add(prefix);
    this.#timer ??= setInterval(() => void this.#look().catch(() => undefined), this.#everyMs).unref();
    return () => void this.#sleeping.delete(prefix);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const prefixes = [...this.#sleeping];
    if (prefixes.length === 0 || this.#redis.status !== 'ready') return;
    // Keys of one script are in one slot.
    const groups = this.#redis.isCluster ? prefixes.map(prefix => [prefix]) : [prefixes];
    const now = Math.floor(this.#now());
    await Promise.all(
      groups.map(group =>
        this.#script.run(
          group.flatMap(prefix => NAMES.map(name => prefix + name)),
          [now],
        ),
      ),
    );
  }
}
