import type { Sessions, Viewer } from './sessions.ts';

type Reading = Promise<ReadonlyMap<string, Viewer>>;

/** What one has just asked is good enough for the others until it asks again: for this part of the time between. */
const FRESH = 0.8;

/**
 * Whose sessions still are, asked again and again while their pages are open: of all of them in one question, however many people look
 * and in however many tabs.
 */
export class AskedTogether {
  readonly #sessions: Pick<Sessions, 'findAll'>;
  readonly #freshMs: number;
  /** How many open pages each has. */
  readonly #followed = new Map<string, number>();
  #last: { readonly at: number; readonly ids: ReadonlySet<string>; readonly read: Reading } | undefined;

  /** @param everyMs how often each asks */
  constructor(sessions: Pick<Sessions, 'findAll'>, everyMs: number) {
    this.#sessions = sessions;
    this.#freshMs = FRESH * everyMs;
  }

  /** Answers how to leave. */
  enter(id: string): () => void {
    this.#followed.set(id, (this.#followed.get(id) ?? 0) + 1);
    return () => {
      const left = (this.#followed.get(id) ?? 1) - 1;
      if (left === 0) this.#followed.delete(id);
      else this.#followed.set(id, left);
    };
  }

  /** Rejects while the engine is away. */
  async ask(id: string): Promise<Viewer | undefined> {
    const last = this.#last;
    if (last !== undefined && last.ids.has(id) && performance.now() - last.at < this.#freshMs)
      return (await last.read).get(id);
    const ids = new Set([...this.#followed.keys(), id]);
    const read = this.#sessions.findAll([...ids]);
    this.#last = { at: performance.now(), ids, read };
    // Who asks after an outage must not get its error.
    read.catch(() => (this.#last = undefined));
    return (await read).get(id);
  }
}
