import { ShiftworkError } from '../../errors/index.ts';

/** The job whose result was waited for was too old when its turn came; its handler was not called. */
export class ResultExpiredError extends ShiftworkError {
  readonly code = 'RESULT_EXPIRED';
  readonly jobId: string;

  constructor(jobId: string, message: string) {
    super(`Job ${jobId} has no result: it expired before it began. ${message}`);
    this.jobId = jobId;
  }
}
