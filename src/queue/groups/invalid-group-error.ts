import { ShiftworkError } from '../../errors/index.ts';

/** A limit's `by`, or a contract's `destination`, gives no group for this data, or a group has no weight that fits. Nothing was queued. */
export class InvalidGroupError extends ShiftworkError {
  readonly code = 'GROUP_INVALID';

  constructor(contract: string, part: string, found: string, expected?: string, options?: ErrorOptions) {
    super(
      `Expected ${part} of the job "${contract}" to give ${expected ?? 'a text, a number, a boolean, or undefined for none'}, found that it ${found}. ` +
        `Correct it: it is called with ${expected === undefined ? 'the data as the schema gives it' : 'what by has answered'}.`,
      options,
    );
  }
}
