import { ShiftworkError } from '../../errors/index.ts';

/** Something is encrypted, or is to be, and this process lacks the key. Nothing was stored, and no attempt is spent. */
export class PayloadKeyMissingError extends ShiftworkError {
  readonly code = 'PAYLOAD_KEY_MISSING';
  readonly contract: string;
  /** Undefined where this process has no key at all. */
  readonly keyId: string | undefined;

  constructor(contract: string, keyId: string | undefined) {
    super(
      keyId === undefined
        ? `Expected PAYLOAD_KEYS (connect({ payloadKeys })) to have a key, as "${contract}" encrypts fields, found none. ` +
            'Give this process the keys that the workers have.'
        : `Expected PAYLOAD_KEYS to have the key "${keyId}", which data of "${contract}" is encrypted with, found none of that id. ` +
            'Give it back to this process, behind the others.',
    );
    this.contract = contract;
    this.keyId = keyId;
  }
}
