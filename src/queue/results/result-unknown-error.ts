import { ShiftworkError } from '../../errors/index.ts';

/** There is no job of that id, and no result of one. */
export class ResultUnknownError extends ShiftworkError {
  readonly code = 'RESULT_UNKNOWN';
  readonly jobId: string;

  constructor(jobId: string) {
    super(
      `No job ${jobId.slice(0, 200)} and no result of it is known: it was never queued here, was discarded, or ended longer ago than its contract's ` +
        'resultFor. Ask in time, or raise resultFor.',
    );
    this.jobId = jobId;
  }
}
