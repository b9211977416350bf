import type { Engine } from '../../engine/index.ts';
import type { CauseCounter, CauseStanding } from '../causes/cause-counter.ts';

/** Letters that a page reads for the index, in each of two ways. */
const COUNTED_BY_PAGE = 100;
/** What one page asks for is asked for once. */
const SAME_PAGE_MS = 1_000;

export interface HoldingQueue {
  readonly name: string;
  readonly dead: number;
}

interface Looked {
  readonly at: number;
  readonly standing: Promise<CauseStanding | undefined>;
}

/**
 * For pages: how far the counting of queues is, once a bounded part of what is not counted has been. All queues are asked at the same time, so that on
 * PostgreSQL their questions are one statement each.
 */
export class CatchUp {
  readonly #engine: Engine;
  readonly #counter: () => Promise<CauseCounter>;
  readonly #looked = new Map<string, Looked>();
  #holding:
    { readonly queues: string; readonly at: number; readonly read: Promise<readonly HoldingQueue[]> } | undefined;

  constructor(engine: Engine, counter: () => Promise<CauseCounter>) {
    this.#engine = engine;
    this.#counter = counter;
  }

  /** Those of them that have dead letters: one question for all, and most have none. */
  async holding(queues: readonly string[], freshMs = SAME_PAGE_MS): Promise<readonly HoldingQueue[]> {
    const key = queues.join('/');
    const at = performance.now();
    if (this.#holding?.queues === key && at - this.#holding.at < freshMs) return this.#holding.read;
    const read = this.#engine
      .contents(queues, [])
      .then(contents => contents.flatMap(({ name, counts: { dead } }) => (dead > 0 ? [{ name, dead }] : [])));
    const holding = { queues: key, at, read };
    this.#holding = holding;
    read.catch(() => {
      if (this.#holding === holding) this.#holding = undefined;
    });
    return read;
  }

  async of(queues: readonly string[]): Promise<readonly CauseStanding[]> {
    const at = performance.now();
    const isKnown = (queue: string): boolean => at - (this.#looked.get(queue)?.at ?? -Infinity) < SAME_PAGE_MS;
    const asked = queues.filter(queue => !isKnown(queue));
    if (asked.length > 0) {
      const read = this.#read(asked);
      for (const [nth, queue] of asked.entries())
        this.#looked.set(queue, { at, standing: read.then(standings => standings[nth]) });
      // Whoever asks after an error asks anew.
      read.catch(() => asked.forEach(queue => this.#looked.delete(queue)));
    }
    const standings = await Promise.all(queues.map(queue => this.#looked.get(queue)?.standing));
    return standings.filter(standing => standing !== undefined);
  }

  async #read(queues: readonly string[]): Promise<readonly CauseStanding[]> {
    // An engine that is away says so here, in words.
    await Promise.all(queues.map(queue => this.#engine.queue(queue)));
    const counter = await this.#counter();
    const standings = await counter.standings(queues);
    const behind = await Promise.all(standings.map(standing => this.#isBehind(counter, standing)));
    const late = queues.filter((_, nth) => behind[nth]);
    if (late.length === 0) return standings;
    await Promise.all(
      late.map(async queue => {
        await counter.countNewest(queue, COUNTED_BY_PAGE);
        await counter.step(queue, COUNTED_BY_PAGE);
      }),
    );
    return counter.standings(queues);
  }

  async #isBehind({ index }: CauseCounter, { queue, kept, counted }: CauseStanding): Promise<boolean> {
    return kept !== counted || (kept > 0 && (await index.uncountedNewest(queue, 1)).length > 0);
  }
}
