import type { Engine } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';

export interface KeyRecord {
  readonly jobId: string;
  /** The digest of the job's data: see `KeyMark`. */
  readonly data: string;
  readonly keptMs: number;
}

/** Longer than the key itself: a caller that gets another job's receipt must be able to compare. */
const TO_SPARE_MS = 60_000;

/**
 * What the data of a job with a key was, as a digest, for as long as the key: also when the job itself is long gone. Jobs without a key
 * know nothing of it.
 */
export class KeyRecords {
  readonly #engine: Engine;
  #store: Promise<StateStore> | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The first record of a job stays: what is made again from the same cause may look at the clock. Never rejects: it can be lost. */
  async keep(queue: string, records: readonly KeyRecord[]): Promise<void> {
    try {
      const store = await this.#open();
      const byTime = Map.groupBy(records, ({ keptMs }) => keptMs);
      await Promise.all(
        [...byTime].map(([keptMs, each]) =>
          store.compareAndSetMany(
            collectionOf(queue),
            each.map(({ jobId, data }) => ({ name: jobId, value: data, version: 0 })),
            keptMs + TO_SPARE_MS,
          ),
        ),
      );
    } catch {
      // Whoever repeats the key then finds nothing to compare, and gets that job's receipt.
    }
  }

  /** The digests that are known, by job. Rejects while the engine is away. */
  async read(queue: string, jobIds: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    if (jobIds.length === 0) return new Map();
    const entries = await (await this.#open()).getMany(collectionOf(queue), [...new Set(jobIds)]);
    return new Map(entries.map(({ name, value }) => [name, value]));
  }

  #open(): Promise<StateStore> {
    this.#store ??= openState(this.#engine).catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }
}

function collectionOf(queue: string): string {
  return `key:${queue}`;
}
