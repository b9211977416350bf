import { ShiftworkError } from '../../errors/index.ts';

/** The job was older than its contract allows when it came to run; its handler was not called. */
export class JobExpiredError extends ShiftworkError {
  readonly code = 'JOB_EXPIRED';

  constructor(contract: string, ageMs: number, limitMs: number) {
    super(
      `"${contract}" was dropped as expired: it was ${Math.round(ageMs / 1000)} s old, its limit is ${limitMs / 1000} s.`,
    );
  }
}
