import type { GroupedOptions } from './groups.ts';

/** A job that may be changed, as whoever decides sees it. */
export interface ChangeableJob {
  readonly name: string;
  /** Undefined where what is stored is no JSON. */
  readonly data: unknown;
  /** With BullMQ's long names. */
  readonly opts: Readonly<GroupedOptions>;
  /** When it was added, milliseconds since 1970. */
  readonly timestamp: number;
  readonly progress: unknown;
}

/** What is to be different about it from now on. What is left out stays. */
export interface JobChange {
  /** As JSON. */
  readonly data?: string | undefined;
  /** All of its options. Where its groups are others it waits for those. */
  readonly opts: Readonly<GroupedOptions>;
  /** BullMQ's number: it goes behind those that have it. */
  readonly priority?: number | undefined;
  /** Engine time, milliseconds since 1970: it starts then, or has its turn at once where that is not in the future. */
  readonly dueAt?: number | undefined;
}

/**
 * - `changed`
 * - `missing`: the queue does not have such a job (any more)
 * - `runs`, `ended`, `waits-for-children`: only a job that waits can be changed; nothing was
 * - `refused`: the engine cannot hold what was to be written
 * - `busy`: others changed it again and again meanwhile
 */
export type ChangeAnswer = 'changed' | 'missing' | 'runs' | 'ended' | 'waits-for-children' | 'refused' | 'busy';

/** How often a change is decided anew where somebody else was first. */
export const CHANGES_TRIED = 20;
