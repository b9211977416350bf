import { ShiftworkError } from '../../errors/index.ts';

/** What arrived is no event that this release can read. */
export class UndecodableEventError extends ShiftworkError {
  readonly code = 'EVENT_UNDECODABLE';

  constructor(event: string, detail: string) {
    super(`The event ${event} cannot be read: ${detail}. It is kept as a dead letter where the transport has them.`);
  }
}
