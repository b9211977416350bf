import {
  currentCause,
  encodeEventPayload,
  validatePayload,
  type AnyEventContract,
  type EventMetadata,
  type EventOptions,
  type EventRequest,
} from '../contracts/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import type { IdSource } from '../time/index.ts';

/** An event that has passed every check, with everything it will ever carry. */
export interface SealedEvent {
  readonly contract: AnyEventContract;
  readonly id: string;
  readonly timestamp: Date;
  readonly metadata: EventMetadata;
  /** The payload as it was given, in JSON. */
  readonly json: string;
  /** Where dates stood in it. */
  readonly dates: readonly string[];
}

const KNOWN: ReadonlySet<string> = new Set(['id', 'timestamp', 'correlationId', 'causationId', 'userId']);

/**
 * Validates an event and gives it what it was not given: id, time, and from the handler that states it correlation, cause and user.
 * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError; as rejections
 */
export async function seal(
  { contract, payload, options }: EventRequest,
  ids: IdSource,
  traceparent: string | undefined,
): Promise<SealedEvent> {
  checkOptions(contract, options);
  const checked = validatePayload(contract, payload);
  if (checked instanceof Promise) await checked;
  const { json, dates } = encodeEventPayload(contract, payload);
  const cause = currentCause();
  const timestamp = options.timestamp ?? new Date();
  const id = options.id ?? ids.next();
  return {
    contract,
    id,
    timestamp,
    metadata: {
      correlationId: options.correlationId ?? cause?.correlationId ?? id,
      causationId: options.causationId ?? cause?.causationId,
      userId: options.userId ?? cause?.userId,
      traceparent,
    },
    json,
    dates,
  };
}

function checkOptions(contract: AnyEventContract, options: EventOptions): void {
  for (const [name, value] of Object.entries(options)) {
    const what = `${name} of an event "${contract.name}"`;
    if (!KNOWN.has(name)) {
      throw new InvalidOptionsError(
        `Expected options of an event "${contract.name}" among ${[...KNOWN].join(', ')}, got "${name.slice(0, 40)}".`,
      );
    }
    if (value === undefined) continue;
    if (name === 'timestamp') {
      if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
        throw new InvalidOptionsError(`Expected ${what} to be a valid Date.`);
      }
    } else if (!isIdText(value)) {
      throw new InvalidOptionsError(`Expected ${what} to be a text of 1 to 200 characters without control characters.`);
    }
  }
}

/** Ids end up in log lines, headers and keys. */
export function isIdText(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= 200 &&
    value.isWellFormed() &&
    !/[\p{Cc}\u2028\u2029]/u.test(value)
  );
}
