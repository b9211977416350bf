import { ShiftworkError } from '../../errors/index.ts';

/** The stored result is not what the contract of this release promises. */
export class ResultUnreadableError extends ShiftworkError {
  readonly code = 'RESULT_UNREADABLE';
  readonly jobId: string;

  constructor(jobId: string, problem: string) {
    super(
      `The result of job ${jobId} ${problem}. Another release has returned it, or values of sensitive fields were scrubbed from it: ` +
        'let the schema take what is stored.',
    );
    this.jobId = jobId;
  }
}
