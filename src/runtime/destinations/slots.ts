import type { StateStore } from '../../state/index.ts';

/** Gives a slot back. */
export type GiveBack = () => Promise<void>;

/**
 * Slots that one job holds at a time, such as those of a destination that takes only so many calls at once. A job that comes again was
 * handed back for a process that is gone: it finds its own slot, and nobody waits until that lapses.
 */
export class Slots {
  readonly #store: StateStore;
  readonly #collection: string;

  constructor(store: StateStore, collection: string) {
    this.#store = store;
    this.#collection = collection;
  }

  /** The first of these that is free; undefined when none is. Kept for `forMs` at most. */
  async take(names: readonly string[], jobId: string, forMs: number): Promise<GiveBack | undefined> {
    const taken = new Map(
      (await this.#store.getMany(this.#collection, names)).map(({ name, value, version }) => [
        name,
        { value, version },
      ]),
    );
    const own = names.find(name => holderIn(taken.get(name)?.value) === jobId);
    const free = names.filter(name => !taken.has(name));
    for (const name of own === undefined ? free : [own, ...free]) {
      const version = taken.get(name)?.version ?? 0;
      const lease = await this.#store.compareAndSet(this.#collection, name, version, { jobId }, forMs);
      if (lease === undefined) continue;
      return async () => {
        await this.#store.delete(this.#collection, name, lease);
      };
    }
    return undefined;
  }
}

function holderIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('jobId' in value)) return undefined;
  return typeof value.jobId === 'string' ? value.jobId : undefined;
}
