import { QueueKeys, RedisConnection, RedisQueueBackend, type BackendFactory, type IQueueBackend } from 'bullmq';
import { requireOneSlot, type RedisClient } from '../../../redis/index.ts';
import type { EngineClock } from '../../clock/index.ts';
import { inEngineTime } from './engine-time.ts';
import { WholeScripts } from './whole-scripts.ts';

const CLIENTS = new WeakMap<RedisClient, { readonly at: number; readonly list: Promise<string[]> }>();
/** Those who ask together. */
const CLIENTS_FRESH_MS = 500;

/** Makes the backends of queues on the process's command connection. */
export function redisBackend(
  commands: RedisClient,
  prefix: string,
  clock: EngineClock,
): BackendFactory<IQueueBackend, unknown> {
  return (name, options) => {
    const keys = new QueueKeys(prefix);
    // One failed INFO at the start would leave a queue rejecting for good.
    const atOnce = { shared: true, blocking: false, skipWaitingForReady: true, skipVersionCheck: true };
    return new EngineTimeBackend(
      commands,
      clock,
      new RedisConnection(commands, atOnce),
      name,
      keys.getKeys(name),
      type => keys.toKey(name, type),
      { ...options, connection: commands },
    );
  };
}

/** BullMQ's backend of a queue. Its scripts are given the engine's time, and those who wait for work hear of what is handed back. */
class EngineTimeBackend extends RedisQueueBackend {
  readonly #redis: RedisClient;
  readonly #clock: EngineClock;
  readonly #whole: WholeScripts;

  constructor(redis: RedisClient, clock: EngineClock, ...base: ConstructorParameters<typeof RedisQueueBackend>) {
    super(...base);
    this.#redis = redis;
    this.#clock = clock;
    this.#whole = new WholeScripts(redis);
  }

  override execCommand(...[client, script, args]: Parameters<RedisQueueBackend['execCommand']>): unknown {
    const timed = inEngineTime(this.#clock, script, args);
    if (this.#whole.send(client, `${script}:${this.version}`, timed)) return client;
    return super.execCommand(client, script, timed);
  }

  /** All queues of a process ask the same: Redis walks through its clients for it. */
  override getClientList(): Promise<string[]> {
    const known = CLIENTS.get(this.#redis);
    if (known !== undefined && performance.now() - known.at < CLIENTS_FRESH_MS) return known.list;
    const list = super.getClientList();
    CLIENTS.set(this.#redis, { at: performance.now(), list });
    list.catch(() => CLIENTS.delete(this.#redis));
    return list;
  }

  /** Throws at once, and does not reject: BullMQ waits for no entry of a pipeline. */
  override addJobToTransaction(...args: Parameters<RedisQueueBackend['addJobToTransaction']>): Promise<string> {
    const [, job, , , keys] = args;
    if (job.parentKey !== undefined) requireOneSlot(this.#redis, keys?.[''] ?? this.toKey(''), job.parentKey);
    return super.addJobToTransaction(...args);
  }

  /**
   * BullMQ's script returns a job with a priority without waking anybody: idle workers would sleep on, up to `drainDelay`. The sign is the
   * one that its own scripts leave: see addBaseMarkerIfNeeded.lua.
   */
  override async moveJobFromActiveToWait(jobId: string, token?: string): Promise<number> {
    const result: unknown = await super.moveJobFromActiveToWait(jobId, token);
    await this.#redis.zadd(this.toKey('marker'), '0', '0');
    return Number(result);
  }
}
