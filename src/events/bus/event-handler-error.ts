import { ShiftworkError } from '../../errors/index.ts';

/** A subscriber's handler failed; `cause` is what it threw. */
export class EventHandlerError extends ShiftworkError {
  readonly code = 'EVENT_HANDLER_FAILED';
  readonly subscriber: string;

  constructor(subscriber: string, event: string, message: string, options?: ErrorOptions) {
    super(`The subscriber "${subscriber}" failed on "${event}": ${message}`, options);
    this.subscriber = subscriber;
  }
}
