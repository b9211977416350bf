import { ShiftworkError } from '../../errors/index.ts';

export type AbortCause = 'shutdown' | 'lock lost' | 'cancelled';

/** The reason on `run.signal` when a run is stopped from outside before its deadline. */
export class JobAbortedError extends ShiftworkError {
  readonly code = 'JOB_ABORTED';
  readonly reason: AbortCause;

  constructor(reason: AbortCause) {
    super(`The run was stopped: ${reason}.`);
    this.reason = reason;
  }
}
