import { ShiftworkError } from '../../errors/index.ts';

/** The job has not ended yet. It goes on: its result can be asked for again. */
export class ResultTimeoutError extends ShiftworkError {
  readonly code = 'RESULT_TIMEOUT';
  readonly jobId: string;

  constructor(jobId: string, timeoutMs: number) {
    super(
      `Job ${jobId} had not ended after ${timeoutMs} ms. It is not cancelled: ask client.result(id) again, or client.job(id) for how it stands.`,
    );
    this.jobId = jobId;
  }
}
