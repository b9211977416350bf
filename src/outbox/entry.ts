import type { OutgoingEvent } from '../events/index.ts';
import type { StorableJob } from '../queue/index.ts';
import { EntryDamagedError } from './relay/entry-damaged-error.ts';
import type { SqlTransaction, Tables } from './tables.ts';

/** A job or an event as a transaction has written it. */
export interface OutboxEntry {
  readonly slot: number;
  readonly kind: 'job' | 'event';
  readonly id: string;
  /** A queue, or the type of an event. */
  readonly target: string;
  readonly name: string;
  readonly body: string;
}

const COLUMNS = '(slot, kind, id, target, name, body)';

export async function writeEntries(
  tx: SqlTransaction,
  { entry }: Pick<Tables, 'entry'>,
  entries: readonly OutboxEntry[],
): Promise<void> {
  await tx.query(
    `insert into ${entry} ${COLUMNS}
     select * from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])`,
    [
      entries.map(each => each.slot),
      entries.map(each => each.kind),
      entries.map(each => each.id),
      entries.map(each => each.target),
      entries.map(each => each.name),
      entries.map(each => each.body),
    ],
  );
}

/** What `writeEntries` would write, for a transaction that is no database's; undefined where it is another statement. */
export function entriesIn(text: string, values: readonly unknown[]): readonly OutboxEntry[] | undefined {
  if (!text.includes(COLUMNS) || !text.startsWith('insert into')) return undefined;
  // Written above, and by nobody else.
  const [slots = [], kinds, ids, targets, names, bodies] = values as readonly (readonly never[])[];
  return slots.map((slot, index) => ({
    slot,
    kind: kinds?.[index] ?? 'job',
    id: ids?.[index] ?? '',
    target: targets?.[index] ?? '',
    name: names?.[index] ?? '',
    body: bodies?.[index] ?? '',
  }));
}

/**
 * Age and delay count from when it was written, not from when the relay comes by: by the database's clock, as no other knows both times.
 * @throws EntryDamagedError
 */
export function storableOf(
  { id, name, body }: Pick<OutboxEntry, 'id' | 'name' | 'body'>,
  { agedMs, again }: { readonly agedMs: number; readonly again: boolean },
): StorableJob {
  const stored = objectIn(body);
  if (stored?.['data'] === undefined || !isObject(stored['options'])) {
    throw new EntryDamagedError('job', 'JSON with the data of a job and its options');
  }
  // Written by `Outbox` and by nobody else.
  const { data, options } = stored as Pick<StorableJob, 'data' | 'options'>;
  if (!again) return { id, name, data, options, agedMs };
  const { deduplication: _, ...rest } = options;
  return { id, name, data, options: rest, agedMs };
}

/** @throws EntryDamagedError */
export function outgoingOf({ id, target, body }: Pick<OutboxEntry, 'id' | 'target' | 'body'>): OutgoingEvent {
  const { time, correlationid, traceparent } = objectIn(body) ?? {};
  const timestamp = new Date(typeof time === 'string' ? time : Number.NaN);
  if (typeof correlationid !== 'string' || Number.isNaN(timestamp.getTime())) {
    throw new EntryDamagedError('event', 'a CloudEvent in JSON');
  }
  return {
    id,
    type: target,
    timestamp,
    correlationId: correlationid,
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    text: body,
  };
}

function objectIn(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    // The parser's own message quotes the body.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
