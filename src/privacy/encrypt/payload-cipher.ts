import type { PayloadKeys } from '../../secrets/index.ts';
import { changeFields } from '../redact.ts';
import { decryptText, encryptedText, encryptText } from './encrypted-text.ts';
import { EncryptedDataError } from './encrypted-data-error.ts';
import { PayloadKeyMissingError } from './payload-key-missing-error.ts';

/** A contract, as far as what it encrypts is concerned. */
export interface Encrypting {
  readonly name: string;
  /** Paths with dots, as `sensitive`. */
  readonly encrypt: readonly string[];
}

/** What became of stored data, or why it cannot be read. */
export type Decrypted =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'missing-key'; readonly keyId: string }
  /** Of another namespace, contract or field, or changed since. */
  | { readonly kind: 'damaged'; readonly path: string };

/**
 * Encrypts fields of jobs, and what their runs store, with the keys of one installation. What was encrypted is bound to namespace, contract and
 * field: it decrypts in any job of that contract, so that updates, replays and chunks carry it on, and nowhere else. Measured by
 * `npm run bench:encrypt`.
 */
export class PayloadCipher {
  readonly #keys: PayloadKeys | undefined;
  readonly #namespace: string;

  /** Without keys it encrypts nothing, and says so when it is asked to. */
  constructor(keys: PayloadKeys | undefined, namespace: string | undefined) {
    this.#keys = keys;
    this.#namespace = namespace ?? '';
  }

  /** In the order in which they were given: the first encrypts. */
  get keyIds(): readonly string[] {
    return this.#keys?.ids ?? [];
  }

  /** A copy of the data with each of the contract's fields encrypted; the data itself where there is none. @throws PayloadKeyMissingError */
  encrypt(contract: Encrypting, data: unknown): unknown {
    let copy = data;
    for (const path of contract.encrypt) {
      copy = changeFields([path], copy, (parent, field) => {
        if (parent[field] === undefined) return;
        parent[field] = this.#encrypted(contract.name, `data.${path}`, JSON.stringify(parent[field]));
      });
    }
    return copy;
  }

  /** A copy of stored data as it was before. What is not encrypted stays: it was stored before its contract encrypted it. Never throws. */
  decrypt({ name, encrypt: paths }: Encrypting, data: unknown): Decrypted {
    let copy = data;
    let fault: Exclude<Decrypted, { kind: 'data' }> | undefined;
    for (const path of paths) {
      copy = changeFields([path], copy, (parent, field) => {
        const read = this.#read(name, `data.${path}`, parent[field]);
        if (read.kind === 'text') parent[field] = JSON.parse(read.text);
        else if (read.kind === 'missing-key') fault ??= read;
        else if (read.kind === 'damaged') fault ??= { kind: 'damaged', path };
      });
    }
    return fault ?? { kind: 'data', data: copy };
  }

  /** What a run has made, such as its result (`what`), as a text to be stored in its place. @throws PayloadKeyMissingError */
  encryptJson(contract: string, what: string, json: string): string {
    return this.#encrypted(contract, what, json);
  }

  /** What was encrypted so; a value that was not is answered as it is. @throws PayloadKeyMissingError, EncryptedDataError */
  decryptValue(contract: string, what: string, value: unknown): unknown {
    const read = this.#read(contract, what, value);
    if (read.kind === 'text') return JSON.parse(read.text);
    if (read.kind === 'plain') return value;
    if (read.kind === 'missing-key') throw new PayloadKeyMissingError(contract, read.keyId);
    throw new EncryptedDataError(contract, what);
  }

  /**
   * For a contract that encrypts nothing any more, and may have: what decrypts as that of the contract, decrypted, and everything else as it is. Never
   * throws.
   */
  openedValue(contract: string, what: string, value: unknown): unknown {
    const read = this.#read(contract, what, value);
    return read.kind === 'text' ? JSON.parse(read.text) : value;
  }

  #encrypted(contract: string, what: string, json: string): string {
    const key = this.#keys?.present;
    if (key === undefined) throw new PayloadKeyMissingError(contract, undefined);
    return encryptText(key, json, this.#boundTo(contract, what));
  }

  #read(
    contract: string,
    what: string,
    value: unknown,
  ):
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'plain' | 'damaged' }
    | { readonly kind: 'missing-key'; readonly keyId: string } {
    const encrypted = encryptedText(value);
    if (encrypted === undefined) return { kind: 'plain' };
    if (encrypted === 'damaged') return { kind: 'damaged' };
    const { keyId, fingerprint } = encrypted;
    const key = this.#keys?.find(keyId);
    // Another key of that id is as good as none: nothing is wrong with the data.
    if (key === undefined || !key.fingerprint.equals(fingerprint)) return { kind: 'missing-key', keyId };
    const text = decryptText(key, encrypted, this.#boundTo(contract, what));
    return text === undefined ? { kind: 'damaged' } : { kind: 'text', text };
  }

  #boundTo(contract: string, what: string): string {
    return JSON.stringify([this.#namespace, contract, what]);
  }
}
