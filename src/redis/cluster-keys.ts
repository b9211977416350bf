import { queueName, type RedisKeys } from './redis-keys.ts';
import { QueueSlotTakenError } from './queue-slot-taken-error.ts';

/** What is asked of a cluster: one hash, from queue to group. */
export interface SlotRecords {
  hget(key: string, field: string): Promise<string | null>;
  hsetnx(key: string, field: string, value: string): Promise<number>;
}

/**
 * The keys on a cluster: `{PREFIX:GROUP}:QUEUE:...`. A queue is a group of its own, unless an app puts several into one (`slotGroup`). Producers know
 * no app, and two processes that think otherwise would not see each other's jobs: so the group is written down in the cluster by whoever comes
 * first, and holds for everybody from then on.
 */
export class ClusterKeys implements RedisKeys {
  readonly together = false;
  readonly metas: RedisKeys['metas'];
  readonly #prefix: string;
  readonly #records: () => Promise<SlotRecords>;
  readonly #known = new Map<string, string>();
  readonly #wanted = new Map<string, string>();

  /** `records` answers when the cluster can be asked. */
  constructor(prefix: string, records: () => Promise<SlotRecords>) {
    this.#prefix = prefix;
    this.#records = records;
    // A glob: braces mean nothing in it.
    this.metas = {
      pattern: `{${prefix}:*}:*:meta`,
      nameIn: key => queueName(/^\{[^}]*\}:(.*):meta$/.exec(key)?.[1] ?? ''),
    };
  }

  own(name: string): string {
    return `{${this.#prefix}:${name}}`;
  }

  /** @throws QueueSlotTakenError where the queue has its place already, and the app wants it in another */
  async prefixOf(queue: string): Promise<string> {
    return this.own(this.#known.get(queue) ?? (await this.#learn(queue)));
  }

  /** The prefixes of the queues that this process has used so far. */
  get used(): readonly string[] {
    return [...new Set([...this.#known.values()].map(group => this.own(group)))];
  }

  /** What an app says, before a queue is used: the queues that are in a group of another name. */
  want(groups: ReadonlyMap<string, string>): void {
    for (const [queue, group] of groups) this.#wanted.set(queue, group);
  }

  /** Writes down where the wanted ones are. @throws QueueSlotTakenError */
  async record(): Promise<void> {
    for (const queue of this.#wanted.keys()) await this.prefixOf(queue);
  }

  get #key(): string {
    return this.own('~slots');
  }

  async #learn(queue: string): Promise<string> {
    const wanted = this.#wanted.get(queue);
    const records = await this.#records();
    await records.hsetnx(this.#key, queue, wanted ?? queue);
    const found = (await records.hget(this.#key, queue)) ?? wanted ?? queue;
    if (wanted !== undefined && found !== wanted) throw new QueueSlotTakenError(queue, found, wanted, this.#key);
    this.#known.set(queue, found);
    return found;
  }
}
