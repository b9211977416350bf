import { ShiftworkError } from '../errors/index.ts';

/** The client was closed; it takes no more work. */
export class ClientClosedError extends ShiftworkError {
  readonly code = 'CLIENT_CLOSED';

  constructor() {
    super('This Shiftwork client is closed. Call connect() again, and close() only when the process ends.');
  }
}
