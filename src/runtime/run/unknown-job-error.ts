import { ShiftworkError } from '../../errors/index.ts';

/** This release does not know the job's name or version, and no release that does came in time. */
export class UnknownJobError extends ShiftworkError {
  readonly code = 'JOB_UNKNOWN';

  constructor(queue: string, name: string, detail: string, waitedMs: number) {
    super(
      `No worker of queue "${queue}" knows ${detail} of job "${name}" after ${Math.round(waitedMs / 60_000)} minutes. ` +
        'Deploy a release that does, then replay.',
    );
  }
}
