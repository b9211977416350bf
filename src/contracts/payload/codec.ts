import type { StandardSchemaV1 } from '@standard-schema/spec';
import { InvalidContractError } from '../define/invalid-contract-error.ts';
import { functionThrew, InvalidPayloadError, type PayloadIssue } from './invalid-payload-error.ts';
import { PayloadTooLargeError } from './payload-too-large-error.ts';
import { jsonFitOf } from './json-fit.ts';
import type { PayloadContract } from './payload-contract.ts';
import { pathOf, whatBreaks } from './what-breaks.ts';
import { createScrubber } from '../../privacy/index.ts';
import { isUnstorableJson } from '../../privacy/index.ts';
import { upgradePayload } from './upgrade.ts';

/** A job carries references, not documents: 256 KiB of JSON at most. */
export const MAX_PAYLOAD_BYTES = 256 * 1024;

/** What was read from the queue, or why it cannot be. */
export type Decoded =
  | { readonly kind: 'data'; readonly data: unknown }
  | { readonly kind: 'newer-version'; readonly version: number }
  | { readonly kind: 'unreadable'; readonly detail: string };

/**
 * Validates data for a contract. Answers the schema's output.
 * @throws InvalidPayloadError, also where the schema throws; InvalidContractError where it does not answer at once
 */
export function validatePayload(contract: PayloadContract, data: unknown): unknown {
  return outputOf(contract, data, resultOf(contract, data));
}

/**
 * The payload's JSON. Refuses what would come back as another thing, so that what was acknowledged can be read.
 * @throws PayloadTooLargeError, InvalidPayloadError when JSON cannot hold it
 */
export function writePayload(contract: PayloadContract, data: unknown): string {
  const { json, drops } = written(contract, data, 'refused');
  if (drops) requireTaken(contract, JSON.parse(json));
  return json;
}

/** As `writePayload`, where dates may stand in it and be kept beside it; `drops`: what comes back lacks fields, ask `requireTaken` of it. */
export function written(
  contract: PayloadContract,
  data: unknown,
  dates: 'refused' | 'kept',
): { readonly json: string; readonly drops: boolean } {
  const fit = jsonFitOf(data, dates);
  if (fit === 'breaks') requireWhole(contract, data, dates);
  const json = stringify(contract, data);
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
  return { json, drops: fit === 'drops' };
}

/** @throws InvalidPayloadError with the place of what JSON cannot hold, what it is and what to give instead */
function requireWhole(contract: PayloadContract, data: unknown, dates: 'refused' | 'kept'): void {
  const broken = whatBreaks(data, dates);
  if (broken === undefined) return;
  const path = pathOf(broken, createScrubber(contract, data));
  throw new InvalidPayloadError(contract.name, [{ path: path === '' ? '(root)' : path, message: broken.message }]);
}

/** Without its undefined fields the schema may refuse it: one that asks for the field, and takes undefined in it, does. */
export function requireTaken(contract: PayloadContract, back: unknown): void {
  try {
    validatePayload(contract, back);
  } catch (cause) {
    if (!(cause instanceof InvalidPayloadError)) throw cause;
    throw new InvalidPayloadError(
      contract.name,
      cause.issues.map(({ path, message }) => ({
        path,
        message: `${message} (JSON leaves out a field that is undefined: give null, or make the field optional in the schema)`,
      })),
      cause.cause === undefined ? {} : { cause: cause.cause },
    );
  }
}

function stringify(contract: PayloadContract, data: unknown): string {
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
  return json;
}

/** What V8 itself says; what a getter throws may repeat the data. */
function whyUnwritten(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const [known] = /^(Maximum call stack size exceeded|Invalid string length)/.exec(message) ?? [];
  return known ?? 'a getter in it threw';
}

/** Reads stored data: upgrades it step by step to the contract's version, then validates it. Never throws. */
export function decodePayload(contract: PayloadContract, version: number, stored: unknown): Decoded {
  if (version > contract.version) return { kind: 'newer-version', version };
  const upgraded = upgradePayload(contract, version, stored);
  if (upgraded.kind === 'unreadable') return upgraded;
  try {
    return { kind: 'data', data: validatePayload(contract, upgraded.data) };
  } catch (cause) {
    return { kind: 'unreadable', detail: whyUnreadable(cause) };
  }
}

function whyUnreadable(cause: unknown): string {
  if (cause instanceof InvalidPayloadError) {
    return cause.issues.map(issue => `${issue.path}: ${issue.message}`).join('; ');
  }
  return cause instanceof InvalidContractError ? 'its schema does not answer at once' : 'its schema failed';
}

/** As `decodePayload` for the common case: undefined when it needs the long way. Never throws. */
export function decodeAtOnce(
  contract: PayloadContract,
  version: number,
  stored: unknown,
): { readonly data: unknown } | undefined {
  if (version !== contract.version) return undefined;
  try {
    const result = resultOf(contract, stored);
    return result.issues === undefined ? { data: result.value } : undefined;
  } catch {
    // The long way says what failed.
    return undefined;
  }
}

/**
 * What the schema says. A promise is refused wherever a schema is asked: what waits inside of it (a look into a database, say) would
 * have to wait again each time the data is read, for as long as it is stored.
 */
function resultOf(contract: PayloadContract, data: unknown): StandardSchemaV1.Result<unknown> {
  let result: ReturnType<StandardSchemaV1['~standard']['validate']>;
  try {
    result = contract.schema['~standard'].validate(data);
    if (!('then' in result)) return result;
  } catch (cause) {
    throw functionThrew(contract.name, '(root)', 'its schema', cause);
  }
  // Nobody waits for it, and its refusal would end the process.
  result.then(undefined, () => undefined);
  throw new InvalidContractError(
    `"${contract.name}": expected a schema that answers at once, found one that answers with a promise. ` +
      'Check what has to be waited for before the call or in the handler. Zod answers so too where a check of yours throws.',
  );
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
