import { ShiftworkError } from '../../errors/index.ts';

/** The payload's JSON is larger than a job may carry. Nothing was queued. */
export class PayloadTooLargeError extends ShiftworkError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  readonly contract: string;

  constructor(contract: string, bytes: number, limit: number) {
    super(
      `The data for "${contract}" is ${bytes} bytes of JSON; at most ${limit} are taken. ` +
        'Nothing was queued: store the data and send its id instead.',
    );
    this.contract = contract;
  }
}
