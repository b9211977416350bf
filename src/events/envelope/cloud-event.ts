import { MAX_PAYLOAD_BYTES, type EventMetadata } from '../../contracts/index.ts';
import { isTraceparent } from '../../queue/index.ts';
import { isIdText, type StampedEvent } from './stamp-event.ts';
import { readStoredAt, writeStoredAt } from './stored-at.ts';

/** An event as it arrived: known to be a CloudEvent, its payload not looked at yet. */
export interface ArrivedEvent {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly timestamp: Date;
  readonly metadata: EventMetadata;
  readonly data: unknown;
  readonly dates: readonly string[];
}

export type Reading =
  { readonly kind: 'event'; readonly event: ArrivedEvent } | { readonly kind: 'unreadable'; readonly reason: string };

/** What stands around a payload has a bound of its own, so that a stranger's text is refused before it is parsed. */
const MAX_TEXT_BYTES = MAX_PAYLOAD_BYTES + 64 * 1024;

const NO_DATES: readonly string[] = [];
const JSON_TYPE = 'application/json';
/** Timestamps are RFC 3339: a date, a time and an offset. */
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * A CloudEvent 1.0 in JSON, structured mode. Names of extension attributes are lower case and their values scalars, as the
 * specification wants, so the places of dates travel as a JSON array in a text.
 * Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export function writeCloudEvent(event: StampedEvent, source: string): string {
  const { contract, metadata } = event;
  const head = JSON.stringify({
    specversion: '1.0',
    id: event.id,
    source,
    type: contract.name,
    time: event.timestamp.toISOString(),
    datacontenttype: JSON_TYPE,
    schemaversion: contract.version,
    correlationid: metadata.correlationId,
    causationid: metadata.causationId,
    userid: metadata.userId,
    traceparent: metadata.traceparent,
    datefields: event.dates.length > 0 ? JSON.stringify(event.dates) : undefined,
    ...writeStoredAt(metadata.stored),
  });
  // The payload is JSON already: writing it a second time would cost as much as the first.
  return `${head.slice(0, -1)},"data":${event.json}}`;
}

/** What a reader of `writeCloudEvent` finds, where no text travels: the payload alone is read from its JSON, since a subscriber gets one of its own. */
export function arrivedOf({ contract, id, timestamp, metadata, json, dates }: StampedEvent): ArrivedEvent {
  return {
    id,
    type: contract.name,
    version: contract.version,
    timestamp: new Date(timestamp),
    metadata: { ...metadata, traceparent: traceparentOf(metadata.traceparent) },
    data: JSON.parse(json),
    dates,
  };
}

/** Reads what a transport brought. Strict: what is wrong is refused with the reason. Never throws. */
export function readCloudEvent(text: string): Reading {
  if (text.length > MAX_TEXT_BYTES) return unreadable(`it is longer than ${MAX_TEXT_BYTES} characters`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return unreadable('it is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return unreadable('it is no JSON object');
  const fields = parsed as Readonly<Record<string, unknown>>;
  const problem = problemOf(fields);
  if (problem !== undefined) return unreadable(problem);
  const { id, type, time, schemaversion = 1, data, datefields } = fields;
  const dates = datesOf(datefields);
  if (dates === undefined) return unreadable('datefields is not a JSON array of JSON pointers');
  if (typeof id !== 'string' || typeof type !== 'string' || typeof time !== 'string') return unreadable('no id');
  const { correlationid } = fields;
  const stored = readStoredAt(fields);
  const timestamp = new Date(time);
  if (Number.isNaN(timestamp.getTime())) return unreadable('time is no time that there is');
  return {
    kind: 'event',
    event: {
      id,
      type,
      version: Number(schemaversion),
      timestamp,
      metadata: {
        correlationId: correlationid !== id && isIdText(correlationid) ? correlationid : id,
        causationId: idTextOf(fields['causationid']),
        userId: idTextOf(fields['userid']),
        // A broken one must not stop the event: it begins a trace of its own.
        traceparent: traceparentOf(fields['traceparent']),
        ...(stored !== undefined && { stored }),
      },
      data,
      dates,
    },
  };
}

function problemOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const { specversion, id, source, type, time, datacontenttype, schemaversion } = fields;
  if (specversion !== '1.0') return 'specversion is not "1.0"';
  if (!isIdText(id)) return 'id is missing or no text of 1 to 200 characters';
  if (typeof source !== 'string' || source === '') return 'source is missing';
  if (typeof type !== 'string' || type === '' || type.length > 200) return 'type is missing';
  if (typeof time !== 'string' || !RFC3339.test(time)) {
    return 'time is missing or not RFC 3339';
  }
  if (datacontenttype !== undefined && datacontenttype !== JSON_TYPE && !isJsonType(datacontenttype))
    return 'datacontenttype is not JSON';
  if (schemaversion !== undefined && (!Number.isInteger(schemaversion) || Number(schemaversion) < 1)) {
    return 'schemaversion is no integer >= 1';
  }
  if ('data_base64' in fields) return 'its data is binary';
  return 'data' in fields ? undefined : 'data is missing';
}

function isJsonType(value: unknown): boolean {
  return typeof value === 'string' && /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(value);
}

function datesOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return NO_DATES;
  if (typeof value !== 'string') return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) && parsed.every(each => typeof each === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function idTextOf(value: unknown): string | undefined {
  return value !== undefined && isIdText(value) ? value : undefined;
}

function traceparentOf(value: unknown): string | undefined {
  return typeof value === 'string' && isTraceparent(value) ? value : undefined;
}

function unreadable(reason: string): Reading {
  return { kind: 'unreadable', reason };
}
