import { ShiftworkError } from '../errors/index.ts';

/** A call did not settle within the time it was given. It may go on, and what it was to do may have happened. */
export class CallTimeoutError extends ShiftworkError {
  readonly code = 'CALL_TIMEOUT';

  constructor(what: string, limitMs: number, options?: ErrorOptions) {
    super(
      `Expected ${what} to settle within ${limitMs} ms, found it still under way. It may have taken effect; ` +
        'pass the signal that it is given on to what it waits for.',
      options,
    );
  }
}
