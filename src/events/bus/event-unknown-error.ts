import { ShiftworkError } from '../../errors/index.ts';

/** An event's contract is not among those of the bus: its events could be published and never be read. */
export class EventUnknownError extends ShiftworkError {
  readonly code = 'EVENT_UNKNOWN';

  constructor(event: string, known: readonly string[]) {
    super(
      `Expected an event of this bus (${known.length === 0 ? 'it has none' : known.slice(0, 20).join(', ')}), ` +
        `found "${event}" or another contract of that name. Add the contract to the app's events.`,
    );
  }
}
