import { BULK_ACTIONS, filterIn, type BulkAction, type BulkFilter } from './bulk-filter.ts';

/** An action on all jobs that match, in the background. Times are the engine's, milliseconds since 1970. */
export interface BulkTask {
  readonly id: string;
  readonly what: BulkAction;
  readonly filter: BulkFilter;
  readonly by: string;
  readonly reason: string | undefined;
  /** Jobs a second, at most. */
  readonly perSecond: number;
  /** When it was asked for. What is enqueued, runs or ends after that is left alone: nothing is done twice. */
  readonly startedAt: number;
  readonly state: BulkTaskState;
  /** How many there were when it was asked for, as far as they were counted. */
  readonly total: number;
  readonly done: number;
  readonly skipped: number;
  /** Of one that was skipped. */
  readonly why: string | undefined;
}

const STATES = ['running', 'paused', 'stopped', 'done', 'failed'] as const;
export type BulkTaskState = (typeof STATES)[number];

export function isTaskOver(state: BulkTaskState): boolean {
  return state === 'done' || state === 'stopped' || state === 'failed';
}

/** What perhaps another release has written: a task that cannot be read is left to that one. */
export function taskIn(id: string, value: unknown): readonly BulkTask[] {
  if (typeof value !== 'object' || value === null) return [];
  const given: Partial<Record<keyof BulkTask, unknown>> = value;
  const state = STATES.find(each => each === given.state);
  const what = BULK_ACTIONS.find(each => each === given.what);
  const filter = filterIn(given.filter);
  const { by, reason, why } = given;
  if (state === undefined || what === undefined || filter === undefined || typeof by !== 'string') return [];
  const count = (number: unknown): number => (typeof number === 'number' && number >= 0 ? number : 0);
  return [
    {
      id,
      what,
      filter,
      by,
      reason: typeof reason === 'string' ? reason : undefined,
      perSecond: Math.max(1, count(given.perSecond)),
      startedAt: count(given.startedAt),
      state,
      // What was counted when it was asked for may have been fewer than there were when it began.
      total: Math.max(count(given.total), count(given.done) + count(given.skipped)),
      done: count(given.done),
      skipped: count(given.skipped),
      why: typeof why === 'string' ? why : undefined,
    },
  ];
}
