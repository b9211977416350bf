import { ShiftworkError } from '../../errors/index.ts';

/** What a handler threw seldom ends as a sentence does. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** The job whose result was waited for is dead: it will not be tried again by itself. */
export class ResultDeadError extends ShiftworkError {
  readonly code = 'RESULT_DEAD';
  readonly jobId: string;
  /** Why there was no other attempt, such as `attempts-exhausted`; undefined where another program ended it. */
  readonly reason: string | undefined;

  constructor(jobId: string, reason: string | undefined, message: string) {
    super(
      `Job ${jobId} has no result: it is dead${reason === undefined ? '' : ` (${reason})`}. ${message === '' ? '' : `Its last failure: ${sentence(message)} `}` +
        'Mend the cause and replay it from the dead letters, or discard it.',
    );
    this.jobId = jobId;
    this.reason = reason;
  }
}
