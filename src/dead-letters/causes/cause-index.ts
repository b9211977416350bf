/** A job of the failed set, as it is counted. */
export interface CountedLetter {
  readonly id: string;
  /** Its place in the failed set: milliseconds since 1970. The same job that ends again is another letter. */
  readonly endedAt: number;
  readonly cause: string;
  /** It expired or was cancelled. */
  readonly expected: boolean;
  readonly name: string;
  /** Without sensitive values, one line. */
  readonly reason: string;
}

export type LetterEnd = Pick<CountedLetter, 'id' | 'endedAt'>;

/** All letters of one cause in one queue. */
export interface CountedCause {
  readonly cause: string;
  readonly expected: boolean;
  readonly name: string;
  /** Of the newest. */
  readonly reason: string;
  readonly count: number;
  readonly firstEndedAt: number;
  readonly lastEndedAt: number;
}

export interface IndexSize {
  /** What the engine keeps in the failed set. */
  readonly kept: number;
  /** How many of those are counted. Both are read at one time, but others may be at work in between. */
  readonly counted: number;
  /** Of the counted: neither expired nor cancelled. */
  readonly failures: number;
}

/** Equal stretches of time, one behind the other. */
export interface Stretches {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly stepMs: number;
  readonly steps: number;
}

/** A part of a walk: `next` leads on, and is undefined at its end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

/**
 * Which dead letter has which cause, and how many there are of each: what would otherwise be found out by reading all of them. It holds
 * ids and no data, and can be built again from the failed sets at any time (`CauseCounter`). All calls are about one queue.
 */
export interface CauseIndex {
  /** Counts these, each once however often it is said; one that had ended before counts as it ended last. */
  put(queue: string, letters: readonly CountedLetter[]): Promise<void>;
  /** Counts these no longer, unless they have ended anew since. */
  drop(queue: string, letters: readonly LetterEnd[]): Promise<void>;
  size(queue: string): Promise<IndexSize>;
  /** The most frequent first, beginning behind the first `skip`. */
  causes(queue: string, skip: number, limit: number): Promise<readonly CountedCause[]>;
  /** That one, however rare it is; undefined where the queue has none of it. */
  cause(queue: string, cause: string): Promise<CountedCause | undefined>;
  /** How many letters of each of these causes ended in each stretch, of those that are still there; without causes that did not strike then. */
  strikes(queue: string, causes: readonly string[], times: Stretches): Promise<ReadonlyMap<string, readonly number[]>>;
  /** Newest end first; of one cause, or of all failures. */
  newest(queue: string, cause: string | undefined, limit: number): Promise<readonly LetterEnd[]>;
  /** All of a cause, newest end first: what is dropped on the way, or ends anew, hides none of the others and does not come twice. */
  walk(queue: string, cause: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>>;
  /** The end of those that are in the failed set now. */
  ends(queue: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Walks the failed set: those that are not counted. */
  uncounted(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>>;
  /** The newest `limit` of the failed set: those that are not counted. */
  uncountedNewest(queue: string, limit: number): Promise<readonly LetterEnd[]>;
  /** Walks what is counted: those that are no longer in the failed set, or ended anew. */
  gone(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>>;
}
