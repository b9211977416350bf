import { currentCause } from '../../tracing/index.ts';
import {
  encodeEventPayload,
  requireEventRequest,
  validatePayload,
  type AnyEventContract,
  type EventRequest,
  InvalidPayloadError,
} from '../../contracts/index.ts';
import { InvalidOptionsError, kindOfTime, requireKnown } from '../../errors/index.ts';
import type { IdSource } from '../../time/index.ts';
import { requireIdText } from '../schema/id-text.ts';
import type { PersonalDataVault } from '../privacy/personal-data.ts';

/** An event that has passed every check, as the database takes it. */
export interface PreparedEvent {
  readonly contract: AnyEventContract;
  readonly id: string;
  readonly time: string;
  readonly payload: string;
  readonly dates: string | null;
  readonly metadata: string;
  readonly subject: string | null;
  readonly encrypted: string | null;
}

/** What every event of one append gets that does not say otherwise. */
export interface EventDefaults {
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly userId?: string;
}

const KNOWN: ReadonlySet<string> = new Set(['id', 'timestamp', 'correlationId', 'causationId', 'userId']);

export interface PrepareContext {
  readonly contracts: ReadonlyMap<string, AnyEventContract>;
  readonly ids: IdSource;
  readonly vault: PersonalDataVault;
  readonly defaults: EventDefaults;
}

/**
 * Validates an event and completes it. Answers at once where the vault does: an append of 100 events must not cost 100 turns of the loop.
 * @throws InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError, InvalidContractError; also as a rejection
 */
export function prepareEvent(request: EventRequest, context: PrepareContext): PreparedEvent | Promise<PreparedEvent> {
  const { contract, payload, options } = requireEventRequest(request);
  if (context.contracts.get(contract.name) !== contract) {
    throw new InvalidOptionsError(
      `Expected events of this store, found "${contract.name.slice(0, 100)}" or another contract of that name. ` +
        "Add the contract to the store's events.",
    );
  }
  requireKnown(`options of an event "${contract.name}"`, options, KNOWN);
  validatePayload(contract, payload);
  return complete(request, context);
}

/** What ISO 8601 writes in four digits, and PostgreSQL reads. */
const EARLIEST = new Date('0001-01-01T00:00:00.000Z');
const LATEST = new Date('9999-12-31T23:59:59.999Z');

function complete(
  { contract, payload, options }: EventRequest,
  { ids, vault, defaults }: PrepareContext,
): PreparedEvent | Promise<PreparedEvent> {
  const what = (field: string): string => `${field} of an event "${contract.name}"`;
  const { timestamp = new Date() } = options;
  if (!(timestamp instanceof Date) || !(timestamp >= EARLIEST && timestamp <= LATEST)) {
    throw new InvalidOptionsError(
      `Expected ${what('timestamp')} to be a valid Date of the years 1 to 9999, got ${kindOfTime(timestamp)}.`,
    );
  }
  const id = options.id === undefined ? ids.next() : requireIdText(options.id, what('id'));
  const cause = currentCause();
  const optional = (field: 'causationId' | 'userId'): string | undefined => {
    const value = options[field] ?? defaults[field] ?? cause?.[field];
    return value === undefined ? undefined : requireIdText(value, what(field));
  };
  const correlationId = options.correlationId ?? defaults.correlationId ?? cause?.correlationId;
  const metadata = JSON.stringify({
    correlationId: correlationId === undefined ? id : requireIdText(correlationId, what('correlationId')),
    causationId: optional('causationId'),
    userId: optional('userId'),
    traceparent: cause?.traceparent,
  });
  const { json, dates } = encodeEventPayload(contract, payload);
  if (json === 'null') {
    throw new InvalidPayloadError(contract.name, [{ path: '(root)', message: 'expected something, got nothing' }]);
  }
  const encrypted = {
    contract,
    id,
    time: timestamp.toISOString(),
    payload: json,
    dates: dates.length === 0 ? null : JSON.stringify(dates),
    metadata,
    subject: null,
    encrypted: null,
  };
  const secret = vault.encrypt(contract, id, payload, json);
  return secret === undefined ? encrypted : secret.then(parts => ({ ...encrypted, ...parts }));
}
