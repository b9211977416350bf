import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** A key that fields of jobs are encrypted with. */
export interface PayloadKey {
  /** Stands in what was encrypted with it: it names the key, and tells nothing. */
  readonly id: string;
  readonly key: KeyObject;
  /** Of the key, and tells nothing of it: two keys that were given one id are told apart by it. */
  readonly fingerprint: Buffer;
}

export const FINGERPRINT_BYTES = 4;

/** PAYLOAD_KEYS: the first encrypts, all decrypt. */
export class PayloadKeys {
  readonly present: PayloadKey;
  readonly #byId: ReadonlyMap<string, PayloadKey>;

  constructor(keys: readonly [PayloadKey, ...PayloadKey[]]) {
    [this.present] = keys;
    this.#byId = new Map(keys.map(key => [key.id, key]));
  }

  get ids(): readonly string[] {
    return [...this.#byId.keys()];
  }

  find(id: string): PayloadKey | undefined {
    return this.#byId.get(id);
  }
}

const KEY_BYTES = 32;
const ID = /^[A-Za-z0-9._-]{1,40}$/;
/** Standard or URL-safe. Node's own reader passes over what is no base64. */
const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const REMEDY = 'Make one with: echo "k1:$(openssl rand -base64 32)"';

/** Reads `id:base64,id:base64`. What is wrong is said by the place in the list and never by what stands there: it may be a key. */
export function parsePayloadKeys(
  name: string,
  text: string,
): { readonly keys: PayloadKeys } | { readonly problems: readonly [string, ...string[]] } {
  const problems: string[] = [];
  const keys: PayloadKey[] = [];
  const entries = text.split(',').map(entry => entry.trim());
  for (const [index, entry] of entries.entries()) {
    const nth = `entry ${index + 1} of ${name}`;
    const colon = entry.indexOf(':');
    const [id, encoded] = [entry.slice(0, Math.max(0, colon)), entry.slice(colon + 1).trim()];
    if (entry === '') problems.push(`Expected ${nth} to be id:base64, found nothing. ${REMEDY}`);
    else if (!ID.test(id)) {
      problems.push(
        `Expected ${nth} to begin with an id of 1 to 40 letters, digits, ".", "_" or "-" and a colon, found ${colon === -1 ? 'no colon' : 'another id'}. ${REMEDY}`,
      );
    } else if (!BASE64.test(encoded)) {
      problems.push(`Expected the key "${id}" (${nth}) to be base64, found other characters. ${REMEDY}`);
    } else {
      const bytes = Buffer.from(encoded, 'base64');
      if (bytes.length !== KEY_BYTES) {
        problems.push(`Expected the key "${id}" (${nth}) to be ${KEY_BYTES} bytes, found ${bytes.length}. ${REMEDY}`);
      } else if (keys.some(key => key.id === id)) {
        problems.push(
          `Expected each key of ${name} to have an id of its own, found "${id}" twice. What was encrypted names the id of its key.`,
        );
      } else keys.push({ id, key: createSecretKey(bytes), fingerprint: fingerprintOf(bytes) });
      bytes.fill(0);
    }
  }
  const [first, ...others] = keys;
  const [problem, ...more] = problems;
  if (problem !== undefined) return { problems: [problem, ...more] };
  if (first === undefined) return { problems: [`Expected ${name} to list at least one key, found none. ${REMEDY}`] };
  return { keys: new PayloadKeys([first, ...others]) };
}

function fingerprintOf(key: Buffer): Buffer {
  return createHmac('sha256', key).update('shiftwork payload key').digest().subarray(0, FINGERPRINT_BYTES);
}
