import { validatePayload } from '../payload/codec.ts';
import { InvalidContractError } from '../define/invalid-contract-error.ts';
import { InvalidPayloadError } from '../payload/invalid-payload-error.ts';
import { InvalidResultError } from './invalid-result-error.ts';
import type { AnyJobContract } from '../define/job-contract.ts';
import { misfitOf } from '../payload/what-breaks.ts';
import { createScrubber, isUnstorableJson } from '../../privacy/index.ts';

/** Results travel through BullMQ's event stream: a larger one is stored elsewhere, and its id is the result. */
export const MAX_RESULT_BYTES = 16 * 1024;

type Promised = Pick<AnyJobContract, 'name' | 'result' | 'sensitive'>;

/**
 * Looks at what a handler has returned, where its contract says what that is.
 * @throws InvalidResultError, of what its schema refuses, JSON cannot hold, or is too large
 */
export function requireResult(contract: Promised, value: unknown): void {
  const { name, result: schema } = contract;
  if (schema === undefined) return;
  const misfit = misfitOf(value, () => createScrubber(contract, value));
  if (misfit !== undefined) throw new InvalidResultError(name, misfit.problem);
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_RESULT_BYTES) {
    throw new InvalidResultError(name, `is ${bytes} bytes of JSON, at most ${MAX_RESULT_BYTES} are kept`);
  }
  if (isUnstorableJson(json)) {
    throw new InvalidResultError(
      name,
      'has a text with a NUL character or half of a surrogate pair, which not every engine can hold',
    );
  }
  // As whoever waits will read it: a field that is undefined is gone by then.
  const read = readResult(contract, JSON.parse(json));
  if (read.kind === 'unreadable') throw new InvalidResultError(name, read.problem);
}

/** The stored result as the contract's schema gives it out, or what is wrong with it. */
export function readResult(
  { name, result: schema, sensitive }: Promised,
  stored: unknown,
): { readonly kind: 'result'; readonly result: unknown } | { readonly kind: 'unreadable'; readonly problem: string } {
  if (schema === undefined) return { kind: 'result', result: stored };
  try {
    return { kind: 'result', result: validatePayload({ name, version: 1, schema, upgrade: {}, sensitive }, stored) };
  } catch (cause) {
    return { kind: 'unreadable', problem: problemFrom(cause) };
  }
}

function problemFrom(cause: unknown): string {
  if (cause instanceof InvalidContractError) return 'has a schema that does not answer at once';
  if (!(cause instanceof InvalidPayloadError)) return 'has a schema that failed';
  return `does not fit its schema (${cause.issues.map(({ path, message }) => `${path}: ${message}`).join('; ')})`;
}
