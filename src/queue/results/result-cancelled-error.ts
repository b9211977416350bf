import { ShiftworkError } from '../../errors/index.ts';

/** The job whose result was waited for was cancelled. */
export class ResultCancelledError extends ShiftworkError {
  readonly code = 'RESULT_CANCELLED';
  readonly jobId: string;

  constructor(jobId: string, message: string) {
    super(`Job ${jobId} has no result: it was cancelled. ${message}`);
    this.jobId = jobId;
  }
}
