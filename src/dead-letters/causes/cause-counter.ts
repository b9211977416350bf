import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { isExpected, type DeadLetter } from '../dead-letter.ts';
import { readLetter } from '../read-letter.ts';
import type { CauseIndex, CountedLetter, IndexSize, LetterEnd, Page } from './cause-index.ts';
import { openCauseIndex } from './open-cause-index.ts';

/** How far the counting of a queue's dead letters is. */
export interface CauseStanding extends IndexSize {
  readonly queue: string;
  /** When the index and the failed set were last compared from end to end; milliseconds since 1970. */
  readonly comparedAt: number | undefined;
}

/** Of one walk through a queue, in both directions: what is not counted, then what is counted and gone. */
interface Walk {
  readonly phase: 'uncounted' | 'gone';
  readonly from: string | undefined;
  readonly comparedAt: number | undefined;
}

const WALKS = 'letters';
const KEPT_MS = 30 * 86_400_000;
/** Letters that one step looks at. */
const STEP = 1_000;
/** Read at a time: each may hold 256 KiB and more. */
const READ_AT_ONCE = 50;
const REASON_KEPT = 300;

/**
 * Keeps the index of causes: counts letters as they die (`count`), and finds out in the background what others have ended, removed or
 * brought back (`step`): workers of other programs, Bull Board, retention, `clean`.
 */
export class CauseCounter {
  readonly index: CauseIndex;
  readonly #app: App;
  readonly #engine: Engine;
  readonly #store: StateStore;

  constructor(app: App, engine: Engine, store: StateStore, index: CauseIndex) {
    this.#app = app;
    this.#engine = engine;
    this.#store = store;
    this.index = index;
  }

  static async open(app: App, engine: Engine): Promise<CauseCounter> {
    return new CauseCounter(app, engine, await openState(engine), await openCauseIndex(engine));
  }

  /** Counts those of these jobs that are dead letters now. */
  async count(queue: string, ids: readonly string[]): Promise<void> {
    const ends = await this.index.ends(queue, ids);
    await this.#put(
      queue,
      [...ends].map(([id, endedAt]) => ({ id, endedAt })),
    );
  }

  /** One part of the endless walk that all processes share: at most `limit` letters. Two at once do the same, which is harmless. */
  async step(queue: string, limit = STEP): Promise<void> {
    const entry = await this.#store.get(WALKS, queue);
    const next = await this.#part(queue, walkIn(entry?.value), limit);
    await this.#store.compareAndSet(WALKS, queue, entry?.version ?? 0, next, KEPT_MS);
  }

  /** A walk of one's own, from end to end: what was there when it began is counted afterwards, what was not is no longer. */
  async compare(queue: string, signal?: AbortSignal): Promise<void> {
    let walk: Walk = { phase: 'uncounted', from: undefined, comparedAt: undefined };
    while (walk.comparedAt === undefined) {
      signal?.throwIfAborted();
      walk = await this.#part(queue, walk, STEP);
    }
    await this.#store.set(WALKS, queue, walk, KEPT_MS);
  }

  /** Counts the newest, for somebody who waits: at most `limit` are read. */
  async countNewest(queue: string, limit: number): Promise<void> {
    await this.#put(queue, await this.index.uncountedNewest(queue, limit));
  }

  /** The engine's time, as in what it answers. */
  now(): number {
    return this.#engine.clock.now();
  }

  async standing(queue: string): Promise<CauseStanding> {
    const [size, entry] = await Promise.all([this.index.size(queue), this.#store.get(WALKS, queue)]);
    return { queue, ...size, comparedAt: walkIn(entry?.value).comparedAt };
  }

  /** Of these queues, in their order. */
  async standings(queues: readonly string[]): Promise<readonly CauseStanding[]> {
    const [sizes, entries] = await Promise.all([
      Promise.all(queues.map(queue => this.index.size(queue))),
      this.#store.getMany(WALKS, queues),
    ]);
    const walks = new Map(entries.map(({ name, value }) => [name, walkIn(value)]));
    return sizes.map((size, nth) => {
      const queue = queues[nth] ?? '';
      return { queue, ...size, comparedAt: walks.get(queue)?.comparedAt };
    });
  }

  async #part(queue: string, { phase, from, comparedAt }: Walk, limit: number): Promise<Walk> {
    const page: Page<LetterEnd> = await this.index[phase](queue, from, limit);
    if (phase === 'uncounted') await this.#put(queue, page.items);
    else await this.index.drop(queue, page.items);
    if (page.next !== undefined) return { phase, from: page.next, comparedAt };
    if (phase === 'uncounted') return { phase: 'gone', from: undefined, comparedAt };
    return { phase: 'uncounted', from: undefined, comparedAt: this.now() };
  }

  async #put(name: string, ends: readonly LetterEnd[]): Promise<void> {
    const queue = await this.#engine.queue(name);
    for (let at = 0; at < ends.length; at += READ_AT_ONCE) {
      const part = ends.slice(at, at + READ_AT_ONCE);
      const letters = await Promise.all(part.map(({ id, endedAt }) => readLetter(this.#app, queue, id, endedAt)));
      await this.index.put(name, letters.filter(letter => letter !== undefined).map(countedOf));
    }
  }
}

function countedOf(letter: DeadLetter): CountedLetter {
  const { id, endedAt = 0, fingerprint, name, reason } = letter;
  const line = reason.split('\n', 1)[0] ?? '';
  return { id, endedAt, cause: fingerprint, expected: isExpected(letter), name, reason: line.slice(0, REASON_KEPT) };
}

/** What is stored, perhaps by another release. */
function walkIn(value: unknown): Walk {
  const { phase, from, comparedAt }: Partial<Record<keyof Walk, unknown>> = { ...(value as object | undefined) };
  return {
    phase: phase === 'gone' ? 'gone' : 'uncounted',
    from: typeof from === 'string' ? from : undefined,
    comparedAt: typeof comparedAt === 'number' ? comparedAt : undefined,
  };
}
