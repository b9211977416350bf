import { ShiftworkError } from '../../errors/index.ts';

/** An event's id already stands for another event, or for one of several that were appended together. Nothing was written. */
export class EventIdTakenError extends ShiftworkError {
  readonly code = 'EVENT_ID_TAKEN';
  readonly eventId: string;

  constructor(eventId: string) {
    super(
      `The event id "${eventId}" is taken by another event. Nothing was written: repeat an append with the very same ` +
        'events, or give new events new ids.',
    );
    this.eventId = eventId;
  }
}
