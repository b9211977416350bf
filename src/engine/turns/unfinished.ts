import type { GroupedOptions } from './groups.ts';

/** Where jobs are that have not ended; `waiting` also for children. The order is that of a walk: mostly jobs go from one to the next. */
export const UNFINISHED_STATES = ['delayed', 'waiting', 'running'] as const;
export type UnfinishedState = (typeof UNFINISHED_STATES)[number];

/** What a walk says of a job, without its data. */
export interface UnfinishedJob {
  readonly id: string;
  readonly name: string;
  readonly state: UnfinishedState;
  /** When it was enqueued, milliseconds since 1970. */
  readonly timestamp: number;
  /** When it started last. */
  readonly startedAt: number | undefined;
  /** Empty where they cannot be read. */
  readonly opts: GroupedOptions;
}

/** Where a walk goes on, and how much one trip reads. */
export interface UnfinishedStep {
  readonly states: readonly UnfinishedState[];
  /** `next` of the answer before; undefined at the beginning. */
  readonly from: string | undefined;
  /** How many, about. */
  readonly most: number;
  /** Only those in whose options, as they are written, this text stands. The others count as looked at. */
  readonly holds?: string | undefined;
}

export interface UnfinishedPage {
  readonly jobs: readonly UnfinishedJob[];
  readonly looked: number;
  /** Undefined at the end. A page may be empty before it. */
  readonly next: string | undefined;
}

/** What jobs are looked for by their tags. */
export interface TaggedStep {
  /** At least one, and at most so many ids. */
  readonly digests: readonly string[];
  readonly most: number;
  /** Of that contract alone. */
  readonly name?: string | undefined;
  /** Behind that id: `next` of the answer before. */
  readonly before?: string | undefined;
}

export interface TaggedPage {
  /** The newest first. */
  readonly ids: readonly string[];
  /** The id behind which there may be others; undefined at the end. */
  readonly next: string | undefined;
}
