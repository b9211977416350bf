import type { StateStore } from '../../state/index.ts';

/** What is held against a job: how often a process ended while it ran. */
export interface Blame {
  /** Deaths of a process or host in which it was one of those running. */
  readonly crashes: number;
}

const BLAME = 'blame';
const KEPT_MS = 86_400_000;
/** Crashes after which a job is run alone. */
export const SUSPECT_AFTER = 2;

/** Counts the crashes at which jobs were present. A crash blames every job of its process, and only one is guilty. */
export class BlameBook {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  async of(jobId: string): Promise<Blame> {
    const entry = await this.#store.get(BLAME, jobId);
    return { crashes: crashesIn(entry?.value) };
  }

  /** Adds to what is held against each; a negative number forgives. */
  async add(jobIds: readonly string[], crashes: number): Promise<void> {
    await Promise.all(jobIds.map(jobId => this.#add(jobId, crashes)));
  }

  async clear(jobId: string): Promise<void> {
    await this.#store.delete(BLAME, jobId);
  }

  async #add(jobId: string, crashes: number): Promise<void> {
    for (;;) {
      const entry = await this.#store.get(BLAME, jobId);
      const sum = Math.max(0, crashesIn(entry?.value) + crashes);
      const written = await this.#store.compareAndSet(BLAME, jobId, entry?.version ?? 0, { crashes: sum }, KEPT_MS);
      if (written !== undefined) return;
    }
  }
}

function crashesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null || !('crashes' in value)) return 0;
  return typeof value.crashes === 'number' ? value.crashes : 0;
}
