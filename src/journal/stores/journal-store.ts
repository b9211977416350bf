import type { ContractCounts, CountedStretch } from '../record/contract-counts.ts';
import type { Frame } from '../record/frame.ts';
import type { Mark } from '../record/mark.ts';
import type { RunClass } from '../record/run-record.ts';
import type { Term } from '../record/terms.ts';

/** What a process hands over at a time. */
export interface JournalBatch {
  /** Engine time, milliseconds since 1970. */
  readonly now: number;
  /** Unique for the process. */
  readonly writer: string;
  readonly frames: readonly (Pick<Frame, 'text' | 'terms'> & { readonly of: RunClass })[];
  readonly counts: readonly ContractCounts[];
  readonly marks: readonly Mark[];
  /** The first that is said of a minute stands. */
  readonly depths: readonly QueueDepth[];
}

/** How much a queue holds at the beginning of a minute. */
export interface QueueDepth {
  readonly at: number;
  readonly queue: string;
  /** Waiting, delayed and running together: what has come and has not ended. */
  readonly unfinished: number;
  readonly waiting: number;
  readonly held: number;
  readonly oldestDueMs: number | undefined;
}

/** What the writer goes by. */
export interface Room {
  /** How much of the bound of successes is in use: 0 to 1. */
  readonly filled: number;
  /** Processes that have written within a minute. */
  readonly writers: number;
}

export interface ClassStanding {
  readonly bytes: number;
  readonly mostBytes: number;
  /** When the oldest that is kept was written; undefined where there is none. */
  readonly since: number | undefined;
}

export type Standing = Readonly<Record<RunClass, ClassStanding>>;

/** Frames that were written together, by when: a number that grows. */
export interface Chunk {
  readonly id: number;
  readonly text: string;
}

export interface Span {
  /** Milliseconds since 1970, both included. */
  readonly from: number;
  readonly to: number;
}

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
/** Failures stay for so long, and successes at most. */
export const KEPT_MS = 14 * DAY;
/** Counts by minute stay for so long; by hour as long as anything. */
export const MINUTES_KEPT_MS = 3 * DAY;
export const MARKS_KEPT = 20_000;
/** A chunk takes what is written within so long, and so much. Its id is when it was begun. */
export const CHUNK_MS = MINUTE;
export const CHUNK_BYTES = 128 * 1024;

/** How much is kept, in bytes of what is written. */
export interface Bounds {
  readonly failed: number;
  readonly succeeded: number;
}

/**
 * Where the journal is kept. Calls reject with what the store says while it is away.
 *
 * Runs stand in chunks, which are found by time and by terms. A chunk that is named may hold none of what was looked for.
 */
export interface JournalStore {
  append(batch: JournalBatch): Promise<Room>;
  /** Chunks that were begun in that span, the newest first, at most `limit`. */
  list(of: RunClass, span: Span, limit: number): Promise<readonly number[]>;
  /** The same, of those that may hold all of the terms; `limit` chunks. */
  holding(of: RunClass, terms: readonly Term[], span: Span, limit: number): Promise<readonly number[]>;
  /** Those of the named that are still there. */
  read(of: RunClass, ids: readonly number[]): Promise<readonly Chunk[]>;
  /** Puts another text in the place of a chunk; false where the chunk is another one by now. */
  rewrite(of: RunClass, chunk: Chunk, text: string): Promise<boolean>;
  standing(): Promise<Standing>;
  /** By minute (of the last three days) or by hour: of contracts by their names, of queues and of all by the names of their sums. */
  counts(by: 'minute' | 'hour', span: Span, names: readonly string[]): Promise<readonly CountedStretch[]>;
  /** The oldest first; the newest `limit`. */
  marks(span: Span, limit: number): Promise<readonly Mark[]>;
  /** Of these queues. */
  depths(span: Span, queues: readonly string[]): Promise<readonly QueueDepth[]>;
  /** How much a queue held at the beginnings of these minutes, or all together where none is named; those that nobody has said are left out. */
  unfinished(minutes: readonly number[], queue: string | undefined): Promise<ReadonlyMap<number, number>>;
}

/** The stretch in which a time is. */
export function stretchOf(by: 'minute' | 'hour', at: number): number {
  const length = by === 'minute' ? MINUTE : HOUR;
  return Math.floor(at / length) * length;
}
