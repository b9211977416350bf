import { BLAME } from '../queue/index.ts';
import type { StateStore } from '../state/index.ts';

/** What is held against a job: how often a process ended while it ran. */
export interface Blame {
  /** Deaths of a process or host in which it was one of those running. */
  readonly crashes: number;
}

interface Entry extends Blame {
  /** The latest of the dead workers that were counted, by name. */
  readonly deaths: readonly string[];
}

const KEPT_MS = 86_400_000;
/** A job is buried long before so many; only massacres that were forgiven go on. */
const DEATHS_KEPT = 20;
/** Crashes after which a job is run alone. */
export const SUSPECT_AFTER = 2;

/**
 * Counts the crashes at which jobs were present. A crash blames every job of its process, and only one is guilty. A worker dies
 * once: however often its end is looked into, and by how many, it counts once against each job.
 */
export class BlameBook {
  readonly #store: StateStore;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** `job`: as people name it (`shownJobId`). */
  async of(job: string): Promise<Blame> {
    const entry = await this.#store.get(BLAME, job);
    return { crashes: entryIn(entry?.value).crashes };
  }

  /** Holds a worker's death against each of the jobs. */
  async count(jobs: readonly string[], worker: string): Promise<void> {
    await this.#change(jobs, ({ crashes, deaths }) =>
      deaths.includes(worker) ? undefined : { crashes: crashes + 1, deaths: [...deaths, worker].slice(-DEATHS_KEPT) },
    );
  }

  /** Takes that back: none of them was to blame. */
  async forgive(jobs: readonly string[], worker: string): Promise<void> {
    await this.#change(jobs, ({ crashes, deaths }) =>
      deaths.includes(worker)
        ? { crashes: Math.max(0, crashes - 1), deaths: deaths.filter(name => name !== worker) }
        : undefined,
    );
  }

  async clear(job: string): Promise<void> {
    await this.#store.delete(BLAME, job);
  }

  async #change(jobs: readonly string[], next: (entry: Entry) => Entry | undefined): Promise<void> {
    let left = [...new Set(jobs)];
    while (left.length > 0) {
      const found = new Map((await this.#store.getMany(BLAME, left)).map(entry => [entry.name, entry]));
      const changes = left.flatMap(name => {
        const entry = found.get(name);
        const value = next(entryIn(entry?.value));
        return value === undefined ? [] : [{ name, value, version: entry?.version ?? 0 }];
      });
      const written = await this.#store.compareAndSetMany(BLAME, changes, KEPT_MS);
      // Somebody else was first with these.
      left = changes.map(({ name }) => name).filter(name => !written.has(name));
    }
  }
}

/** What is stored, perhaps by another release. */
function entryIn(value: unknown): Entry {
  if (typeof value !== 'object' || value === null) return { crashes: 0, deaths: [] };
  const { crashes, deaths }: Partial<Record<keyof Entry, unknown>> = value;
  return {
    crashes: typeof crashes === 'number' ? crashes : 0,
    deaths: Array.isArray(deaths) ? deaths.map(String) : [],
  };
}
