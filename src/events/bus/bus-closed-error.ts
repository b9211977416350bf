import { ShiftworkError } from '../../errors/index.ts';

/** The bus is closed: nothing is published or subscribed any more. */
export class BusClosedError extends ShiftworkError {
  readonly code = 'BUS_CLOSED';

  constructor() {
    super('Expected an open bus, found one that was closed. Close it only when the process ends.');
  }
}
