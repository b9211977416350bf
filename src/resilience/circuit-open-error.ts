import { ShiftworkError } from '../errors/index.ts';

/** The call was not made: the far side has failed too often of late. */
export class CircuitOpenError extends ShiftworkError {
  readonly code = 'CIRCUIT_OPEN';
  /** Milliseconds until a call may be tried; 0 while another call is finding out. */
  readonly retryAfterMs: number;

  constructor(name: string, retryAfterMs: number) {
    super(
      `Calls to "${name}" are paused: it has failed too often of late. ` +
        (retryAfterMs > 0 ? `Try again in ${Math.ceil(retryAfterMs / 1_000)} s.` : 'Another call is finding out now.'),
    );
    this.retryAfterMs = retryAfterMs;
  }
}
