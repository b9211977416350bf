import { functionThrew, InvalidPayloadError, type AnyJobContract, type KeyPart } from '../../contracts/index.ts';
import { answeredLate, kindOf } from '../../errors/index.ts';
import type { KeyedDigests, Secrets } from '../../secrets/index.ts';

/** What the engine knows of a key and of the data beneath it: neither can be read from it, nor guessed without the secret. */
export interface KeyMark {
  /** BullMQ's deduplication id: of contract and key. */
  readonly id: string;
  /**
   * Of the data, bound to the key: the same data under two keys has two. It tells "same key, same data" from "same key, other data".
   * Undefined where the key is what the job follows from: the same cause is the same job, whatever its maker read off the clock.
   */
  readonly data: string | undefined;
}

export interface JobKey {
  readonly present: KeyMark;
  /** Under which a job may stand that was queued before the secret was changed. */
  readonly previous: KeyMark | undefined;
}

const LATE = 'expected a list at once, got a promise: the function may not be async';

/**
 * What the contract says that the data is known by; undefined where it says nothing. Others than those that callers bring stand behind a word.
 * What JSON makes null or {} of would be one key for all data that lacks it: jobs that differ would take each other's place.
 * @throws InvalidPayloadError
 */
export function contractKeyOf({ name, key }: AnyJobContract, output: unknown): readonly KeyPart[] | undefined {
  if (key.of === undefined) return undefined;
  let parts: unknown;
  try {
    parts = key.of(output);
  } catch (cause) {
    throw functionThrew(name, 'key', 'its function', cause);
  }
  if (answeredLate(parts)) throw new InvalidPayloadError(name, [{ path: 'key', message: LATE }]);
  if (!Array.isArray(parts)) {
    throw new InvalidPayloadError(name, [{ path: 'key', message: `expected a list, got ${kindOf(parts)}` }]);
  }
  const checked: KeyPart[] = ['key'];
  // By index: a hole is an undefined.
  for (let index = 0; index < parts.length; index += 1) {
    const part: unknown = parts[index];
    if (!isKeyPart(part)) {
      const message = `expected a text, a finite number or a boolean, got ${kindOf(part)}`;
      throw new InvalidPayloadError(name, [{ path: `key.${index}`, message }]);
    }
    checked.push(part);
  }
  return checked;
}

function isKeyPart(part: unknown): part is KeyPart {
  return typeof part === 'string' || typeof part === 'boolean' || (typeof part === 'number' && Number.isFinite(part));
}

/** `canonical` is the data's JSON, the same for the same data; undefined where no data is compared. */
export function jobKeyOf(
  { present, previous }: Secrets,
  contract: string,
  key: readonly KeyPart[],
  canonical: string | undefined,
): JobKey {
  const text = textOf(contract, key);
  return {
    present: markOf(present, text, canonical),
    previous: previous && markOf(previous, text, canonical),
  };
}

/** Under one of the secrets. */
export function keyIdOf(digests: KeyedDigests, contract: string, key: readonly KeyPart[]): string {
  return digests.of('key', textOf(contract, key));
}

/** What runs of jobs of one key are found by: a part of the key's own id, which is a keyed digest already. */
export function keyDigest(id: string): string {
  return id.slice(0, 22);
}

/** Of data under the key of that id. */
export function dataDigest(digests: KeyedDigests, id: string, canonical: string): string {
  return digests.of('data', `${id} ${canonical}`).slice(0, 22);
}

function textOf(contract: string, key: readonly KeyPart[]): string {
  return JSON.stringify([contract, ...key]);
}

function markOf(digests: KeyedDigests, text: string, canonical: string | undefined): KeyMark {
  const id = digests.of('key', text);
  return { id, data: canonical === undefined ? undefined : dataDigest(digests, id, canonical) };
}
