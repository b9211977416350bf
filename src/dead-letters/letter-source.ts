import type { DeadLetter, DeadLetterDetails, DeadLetterGroup } from './dead-letter.ts';
import type { DeadLetterFilter } from './dead-letter-filter.ts';
import type { DeadLetterReport } from './dead-letter-report.ts';

/** How many dead letters one place keeps, and how many of them its causes count. */
export interface LetterStanding {
  readonly kind: string;
  /** The queue; undefined for a source that is no queue. */
  readonly queue: string | undefined;
  readonly kept: number;
  readonly counted: number;
  /** When causes and keeping were last compared from end to end; undefined: never, or they are one. */
  readonly comparedAt: number | undefined;
}

/** What an action would be done to. */
export interface LetterSample {
  readonly count: number;
  /** There are more than were counted. */
  readonly more: boolean;
  /** Of some of them. */
  readonly ids: readonly string[];
}

export interface ActOptions {
  /** Only says what would be done. */
  readonly dryRun: boolean;
  readonly by: string;
  readonly signal?: AbortSignal | undefined;
  /** What was replayed then or later is passed over. */
  readonly notSince?: number | undefined;
  /** Called with each that it was done to. */
  readonly onDone?: (() => void) | undefined;
}

export interface ReplayAct extends ActOptions {
  /** Awaited before each. */
  readonly pace: () => Promise<void>;
}

export interface DiscardAct extends ActOptions {
  readonly reason: string;
}

/** What keeps dead letters: the queues, a transport's subscriptions, an event store's projections. `DeadLetters` asks all of them. */
export interface LetterSource {
  readonly kind: string;
  /** Whether an id is of a letter that this would keep. */
  keeps(id: string): boolean;
  /** Newest end first. */
  list(filter: DeadLetterFilter, limit: number): Promise<readonly DeadLetter[]>;
  groups(filter: DeadLetterFilter): Promise<readonly DeadLetterGroup[]>;
  count(filter: DeadLetterFilter): Promise<number>;
  standing(): Promise<readonly LetterStanding[]>;
  show(id: string): Promise<DeadLetterDetails | undefined>;
  replay(filter: DeadLetterFilter, act: ReplayAct): Promise<DeadLetterReport>;
  discard(filter: DeadLetterFilter, act: DiscardAct): Promise<DeadLetterReport>;
}
