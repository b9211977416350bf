import { ShiftworkError } from '../../errors/index.ts';

/** The handler did not end within the contract's timeout; its signal was aborted and the attempt counts as failed. */
export class JobTimeoutError extends ShiftworkError {
  readonly code = 'JOB_TIMEOUT';

  constructor(contract: string, timeoutMs: number) {
    super(`"${contract}" did not end within its timeout of ${timeoutMs} ms. Pass run.signal on to what it waits for.`);
  }
}
