import { ShiftworkError } from '../../errors/index.ts';

/** Jobs of the outbox may have ended without anybody recording it: sent again, they would run twice. */
export class EndsUnrecordedError extends ShiftworkError {
  readonly code = 'OUTBOX_ENDS_UNRECORDED';

  constructor(hosts: readonly string[]) {
    super(
      `Expected every worker to record the ends of jobs in the outbox, found ${hosts.length} that did not since the oldest open entry ` +
        `was sent: ${hosts.slice(0, 10).join(', ')}. Give them DATABASE_URL. "--anyway" reconciles all the same: jobs that they ended, and ` +
        'that the engine no longer keeps, run once more.',
    );
  }
}
