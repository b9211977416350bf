import { ShiftworkError } from '../../errors/index.ts';

/** The ring that the app has given to an event store did not do its part. It says nothing about the event: whoever reads waits for it. */
export class KeyRingError extends ShiftworkError {
  readonly code = 'KEY_RING_UNAVAILABLE';

  constructor(what: string, options?: ErrorOptions) {
    super(
      `Expected the key of a person from the event store's key ring, found that ${what}. Nothing was written, and no event was given up: ` +
        'see that the key service answers and that this process may ask it.',
      options,
    );
  }
}
