import { ShiftworkError } from '../../errors/index.ts';

/** What is stored was not encrypted there: under another key of the same id, for another contract or namespace, or it was changed since. */
export class EncryptedDataError extends ShiftworkError {
  readonly code = 'ENCRYPTED_DATA_UNREADABLE';

  constructor(contract: string, what: string) {
    super(
      `Expected ${what} of "${contract}" to decrypt with the key that it names, found that it does not. It was encrypted for another contract, field ` +
        'or namespace, with another key under the same id, or was changed since. See that the ids in PAYLOAD_KEYS mean the same keys everywhere.',
    );
  }
}
