import { ShiftworkError } from '../../errors/index.ts';

/** The run said nothing for as long as its contract allows; its signal was aborted and the attempt failed. */
export class JobSilentError extends ShiftworkError {
  readonly code = 'JOB_SILENT';

  constructor(contract: string, stuckAfterMs: number) {
    super(
      `"${contract}" said nothing for ${stuckAfterMs} ms: no progress, no line, no heartbeat. ` +
        'Call run.heartbeat() more often where the work goes on, or raise its stuckAfter.',
    );
  }
}
