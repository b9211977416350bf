import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidPayloadError, type PayloadIssue } from './invalid-payload-error.ts';
import { PayloadTooLargeError } from './payload-too-large-error.ts';
import type { PayloadContract } from './payload-contract.ts';
import { createScrubber } from '../privacy/index.ts';
import { isUnstorableJson } from '../privacy/index.ts';
import { upgradePayload } from './upgrade.ts';

/** A job carries references, not documents: 256 KiB of JSON at most. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

/** What was read from the queue, or why it cannot be. */
export type Decoded =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'newer-version'; readonly version: number }
  | { readonly kind: 'unreadable'; readonly detail: string };

/**
 * Validates data for a contract. Answers the schema's output, at once where the schema answers at once
 * (awaiting each would cost every enqueue a turn of the loop).
 * @throws InvalidPayloadError, also as a rejection
 */
export function validatePayload(contract: PayloadContract, data: unknown): unknown {
  const result = contract.schema['~standard'].validate(data);
  return result instanceof Promise
    ? result.then(late => outputOf(contract, data, late))
    : outputOf(contract, data, result);
}

/**
 * The payload's JSON.
 * @throws PayloadTooLargeError, InvalidPayloadError when it cannot be written as JSON
 */
export function writePayload(contract: PayloadContract, data: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw new InvalidPayloadError(contract.name, [
      { path: '(root)', message: `cannot be written as JSON (${whyUnwritten(cause)})` },
    ]);
  }
  if (json === undefined) {
    throw new InvalidPayloadError(contract.name, [{ path: '(root)', message: 'is nothing that JSON can hold' }]);
  }
  // A UTF-16 unit is at most 3 bytes of UTF-8, so most payloads need no second look.
  if (json.length * 3 > MAX_PAYLOAD_BYTES) {
    const bytes = Buffer.byteLength(json);
    if (bytes > MAX_PAYLOAD_BYTES) throw new PayloadTooLargeError(contract.name, bytes, MAX_PAYLOAD_BYTES);
  }
  // On every engine and wire: what is queued on Redis today may stand in an outbox tomorrow.
  if (isUnstorableJson(json)) {
    const message = 'has a text with a NUL character or half of a surrogate pair, which not every engine can hold';
    throw new InvalidPayloadError(contract.name, [{ path: '(root)', message }]);
  }
  return json;
}

/** What V8 itself says; what a `toJSON` or a getter throws may repeat the data. */
function whyUnwritten(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const [known] =
    /^(Converting circular structure to JSON|Do not know how to serialize a BigInt|Maximum call stack size exceeded|Invalid string length)/.exec(
      message,
    ) ?? [];
  return known ?? 'a toJSON or a getter in it threw';
}

/** Reads stored data: upgrades it step by step to the contract's version, then validates it. Never throws. */
export async function decodePayload(contract: PayloadContract, version: number, stored: unknown): Promise<Decoded> {
  if (version > contract.version) return { kind: 'newer-version', version };
  const upgraded = upgradePayload(contract, version, stored);
  if (upgraded.kind === 'unreadable') return upgraded;
  try {
    const checked = validatePayload(contract, upgraded.data);
    return { kind: 'data', data: checked instanceof Promise ? await checked : checked };
  } catch (cause) {
    const detail =
      cause instanceof InvalidPayloadError
        ? cause.issues.map(issue => `${issue.path}: ${issue.message}`).join('; ')
        : 'its schema failed';
    return { kind: 'unreadable', detail };
  }
}

/** As `decodePayload` for the common case, without a promise: undefined when it needs the long way. Never throws. */
export function decodeAtOnce(
  contract: PayloadContract,
  version: number,
  stored: unknown,
): { readonly data: unknown } | undefined {
  if (version !== contract.version) return undefined;
  try {
    const result = contract.schema['~standard'].validate(stored);
    if (!(result instanceof Promise)) return result.issues === undefined ? { data: result.value } : undefined;
    // Nobody waits for it: the long way asks again.
    result.catch(() => undefined);
  } catch {
    // The long way says what failed.
  }
  return undefined;
}

function outputOf(contract: PayloadContract, data: unknown, result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  const scrub = createScrubber(contract, data);
  const issues = result.issues.slice(0, 10).map((issue): PayloadIssue => {
    const path = (issue.path ?? [])
      .map(part => String(typeof part === 'object' ? part.key : part))
      .join('.')
      .slice(0, 200);
    return { path: path === '' ? '(root)' : scrub(path), message: scrub(issue.message).slice(0, 300) };
  });
  throw new InvalidPayloadError(contract.name, issues);
}
