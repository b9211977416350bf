import type { AnyJobContract, JobRequest } from '../../contracts/index.ts';
import { InvalidOptionsError, kindOf } from '../../errors/index.ts';

/** @throws InvalidOptionsError: callers in plain JavaScript, and casts, bring anything */
export function requireContract(
  contract: AnyJobContract,
  call = 'Call enqueue(contract, data), or enqueueMany([contract(data)])',
): void {
  if (!isContract(contract)) {
    throw new InvalidOptionsError(`Expected a contract of defineJob, got ${kindOf(contract)}. ${call}.`);
  }
}

/** @throws InvalidOptionsError */
export function requireSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new InvalidOptionsError(`Expected signal to be an AbortSignal, got ${kindOf(signal)}.`);
}

/** @throws InvalidOptionsError */
export function requireRequests(requests: readonly JobRequest[]): void {
  if (!Array.isArray(requests)) {
    throw new InvalidOptionsError(
      `Expected a list of requests, got ${kindOf(requests)}. Call enqueueMany([contract(data)]).`,
    );
  }
  for (const [index, request] of requests.entries()) {
    const made: unknown = request;
    if (typeof made !== 'object' || made === null || !('contract' in made) || !isContract(made.contract)) {
      throw new InvalidOptionsError(
        `Expected request ${index} to be made by calling a contract, contract(data), got ${kindOf(made)}.`,
      );
    }
  }
}

/** Made by calling a contract. */
export function isJobRequest(value: unknown): value is JobRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'kind' in value &&
    value.kind === 'job-request' &&
    'contract' in value &&
    isContract(value.contract)
  );
}

/** @throws InvalidOptionsError */
export function requireText(name: string, value: unknown): void {
  if (typeof value !== 'string') throw new InvalidOptionsError(`Expected ${name} to be a text, got ${kindOf(value)}.`);
}

/** Whether it may be the id of a batch: not every engine can be asked for any text. */
export function isBatchId(id: string): boolean {
  return /^[^\p{Cc}\p{Cs}\s{}]{1,200}$/u.test(id);
}

function isContract(value: unknown): boolean {
  return (
    (typeof value === 'function' || typeof value === 'object') &&
    value !== null &&
    'kind' in value &&
    value.kind === 'job'
  );
}
