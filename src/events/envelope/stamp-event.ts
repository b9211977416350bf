import { currentCause } from '../../tracing/index.ts';
import {
  encodeEventPayload,
  requireEventRequest,
  validatePayload,
  type AnyEventContract,
  type EventMetadata,
  type EventOptions,
  type EventRequest,
} from '../../contracts/index.ts';
import { InvalidOptionsError, kindOfText, kindOfTime, requireKnown } from '../../errors/index.ts';
import type { IdSource } from '../../time/index.ts';

/** An event that has passed every check, with everything it will ever carry. */
export interface StampedEvent {
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

/** What ISO 8601 writes in four digits: no reader takes another. */
const EARLIEST = new Date('0001-01-01T00:00:00.000Z');
const LATEST = new Date('9999-12-31T23:59:59.999Z');

/** Visible ASCII. */
const PLAIN = /^[\x20-\x7e]{1,200}$/;

/**
 * Validates an event and gives it what it was not given: id, time, and from the handler that states it correlation, cause and user.
 * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, InvalidContractError
 */
export function stampEvent(request: EventRequest, ids: IdSource, traceparent: string | undefined): StampedEvent {
  const { contract, payload, options } = requireEventRequest(request);
  checkOptions(contract, options);
  validatePayload(contract, payload);
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
  requireKnown(`options of an event "${contract.name}"`, options, KNOWN);
  for (const [name, value] of Object.entries(options)) {
    const what = `${name} of an event "${contract.name}"`;
    if (value === undefined) continue;
    if (name === 'timestamp') {
      if (!(value instanceof Date) || !(value >= EARLIEST && value <= LATEST)) {
        throw new InvalidOptionsError(
          `Expected ${what} to be a valid Date of the years 1 to 9999, got ${kindOfTime(value)}.`,
        );
      }
    } else if (!isIdText(value)) {
      throw new InvalidOptionsError(
        `Expected ${what} to be a text of 1 to 200 characters without control characters, got ${kindOfText(value)}.`,
      );
    }
  }
}

/** Ids end up in log lines, headers and keys. */
export function isIdText(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  // Nearly all of them; the question below costs five times as much.
  if (PLAIN.test(value)) return true;
  return value.length >= 1 && value.length <= 200 && value.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(value);
}
