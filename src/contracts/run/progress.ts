import { InvalidContractError } from '../define/invalid-contract-error.ts';
import { InvalidPayloadError } from '../payload/invalid-payload-error.ts';
import { InvalidProgressError } from './invalid-progress-error.ts';
import type { AnyJobContract } from '../define/job-contract.ts';
import { misfitOf } from '../payload/what-breaks.ts';
import { createScrubber } from '../../privacy/index.ts';
import { validatePayload } from '../payload/codec.ts';

/** Progress travels through BullMQ's event stream each time it is written. */
export const MAX_PROGRESS_BYTES = 4_096;

/** @throws InvalidProgressError, of what the contract's schema refuses, JSON cannot hold, or is too large */
export function requireProgress(
  contract: Pick<AnyJobContract, 'name' | 'progress' | 'sensitive'>,
  value: unknown,
): void {
  const { name, progress: schema } = contract;
  const misfit = misfitOf(value, () => createScrubber(contract, value));
  if (misfit !== undefined) throw new InvalidProgressError(name, misfit.problem);
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > MAX_PROGRESS_BYTES) {
    throw new InvalidProgressError(name, `is ${bytes} bytes of JSON, at most ${MAX_PROGRESS_BYTES} are kept`);
  }
  if (schema === undefined) return;
  try {
    validatePayload({ name, version: 1, schema, upgrade: {}, sensitive: contract.sensitive }, value);
  } catch (cause) {
    if (cause instanceof InvalidContractError)
      throw new InvalidProgressError(name, 'has a schema that does not answer at once');
    if (!(cause instanceof InvalidPayloadError)) throw cause;
    const issues = cause.issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
    throw new InvalidProgressError(name, `does not fit its schema (${issues})`);
  }
}
