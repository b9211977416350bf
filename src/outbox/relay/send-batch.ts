import { toError } from '../../errors/index.ts';
import { hasOrStemsFrom, isPlatformAway } from '../../resilience/index.ts';
import { storableText } from '../../privacy/index.ts';
import { type OutgoingEvent } from '../../events/index.ts';
import { storePrepared, type JobStore, type StorableJob } from '../../queue/index.ts';
import { outgoingOf, storableOf } from '../entry.ts';
import type { Sql, Tables } from '../tables.ts';

/** Where events go. */
export interface EventSink {
  forward(event: OutgoingEvent): Promise<void>;
}

export type EntryKind = 'job' | 'event';

export interface BatchParts {
  readonly kind: EntryKind;
  readonly sql: Sql;
  readonly tables: Tables;
  readonly store: JobStore;
  /** Without one events wait. */
  readonly bus: EventSink | undefined;
  /** So many of a slot, at most. */
  readonly rowsOfASlot: number;
  /** Nothing more is sent after that, by `performance.now()`: what is left waits for the next batch. */
  readonly until: number;
}

export interface SentBatch {
  readonly jobs: number;
  readonly events: number;
  /** Entries that can never be sent. */
  readonly stuck: readonly { readonly id: string; readonly name: string; readonly error: Error }[];
  /** Nothing was to be had: nothing waits, or others have it. */
  readonly idle: boolean;
  /** True when there may be more at once. */
  readonly more: boolean;
  /** Engine or bus is away; what was sent before is recorded all the same. */
  readonly outage: Error | undefined;
}

interface Row {
  readonly position: string;
  readonly slot: number;
  readonly id: string;
  readonly target: string;
  readonly name: string;
  readonly body: string;
  readonly again: boolean;
  /** Since it was written. */
  readonly aged_ms: number;
}

const SLOTS_AT_ONCE = 16;

/**
 * Sends one batch inside a transaction on `sql`, which the caller begins and commits: the slots that it locks are this relay's until
 * then. Ends before the commit or lost commits lead to sending again, with the same ids.
 */
export async function sendBatch(parts: BatchParts): Promise<SentBatch> {
  const { sql, bus, kind, rowsOfASlot } = parts;
  const rows = await takeRows(parts);
  const sent: Sent = { jobs: [], repeats: [], events: [], stuck: [], outages: [] };
  if (kind === 'job') {
    const queues = Map.groupBy(rows, row => row.target);
    await Promise.all([...queues].map(([queue, group]) => sendJobs(parts, queue, group, sent)));
  } else if (bus !== undefined) {
    // One after the other within a slot: that is the order.
    const slots = Map.groupBy(rows, row => row.slot);
    await Promise.all([...slots.values()].map(group => sendEvents(bus, group, parts.until, sent)));
  }
  await record(sql, parts.tables, sent);
  const done = sent.jobs.length + sent.repeats.length + sent.events.length;
  return {
    jobs: sent.jobs.length + sent.repeats.length,
    events: sent.events.length,
    stuck: sent.stuck,
    idle: rows.length === 0,
    more: done > 0 && rows.length >= rowsOfASlot,
    outage: sent.outages[0],
  };
}

/** Whether anything of the kind waits, with whomever. */
export async function somethingWaits({
  sql,
  tables,
  kind,
}: Pick<BatchParts, 'sql' | 'tables' | 'kind'>): Promise<boolean> {
  const { rows } = await sql.query(`select from ${tables.entry} where ${pendingOf(kind)} limit 1`);
  return rows.length > 0;
}

function pendingOf(kind: EntryKind): string {
  return `sent_at is null and stuck is null and kind = '${kind}'`;
}

interface Sent {
  readonly jobs: string[];
  /** Keys that stood for other jobs already: these will never exist. */
  readonly repeats: string[];
  readonly events: string[];
  readonly stuck: { readonly position: string; readonly id: string; readonly name: string; readonly error: Error }[];
  readonly outages: Error[];
}

/**
 * The oldest of some slots that no other relay has. Two statements: the second must see what the relay before us has recorded, and a
 * statement sees what was committed when it began, which may be before that relay let go (tried: three of 200 were sent twice).
 * The rows are locked too: who records an end meanwhile waits for the commit, and a relay never waits for anybody, so that no deadlock
 * can take back the record of what it has sent. A row that somebody else has locked is about to be deleted.
 */
async function takeRows({ sql, tables, kind, rowsOfASlot }: BatchParts): Promise<readonly Row[]> {
  const pending = pendingOf(kind);
  const locked = await sql.query(
    `select s.slot from ${tables.slot} s
     where exists (select from ${tables.entry} e where e.slot = s.slot and ${pending})
     order by random() limit ${SLOTS_AT_ONCE} for update skip locked`,
  );
  const slots = (locked.rows as readonly { readonly slot: number }[]).map(({ slot }) => slot);
  if (slots.length === 0) return [];
  const { rows } = await sql.query(
    `select e.* from unnest($1::smallint[]) mine (slot) cross join lateral (
       select position, slot, id, target, name, body, again,
         greatest(0, round(extract(epoch from clock_timestamp() - created_at) * 1000))::float8 as aged_ms
       from ${tables.entry}
       where slot = mine.slot and ${pending} order by position limit $2 for update skip locked
     ) e order by e.position`,
    [slots, rowsOfASlot],
  );
  return rows as Row[];
}

async function sendJobs({ store }: BatchParts, queue: string, rows: readonly Row[], sent: Sent): Promise<void> {
  const jobs = readable(rows, sent);
  if (jobs.length === 0) return;
  try {
    const ids = await storePrepared(
      store,
      queue,
      jobs.map(({ job }) => job),
    );
    for (const [index, { row }] of jobs.entries()) {
      (ids[index] === row.id ? sent.jobs : sent.repeats).push(row.position);
    }
  } catch (cause) {
    sent.outages.push(toError(cause));
  }
}

/** One that cannot be read stands aside: taken for an outage it would keep all others of its queue for ever. */
function readable(rows: readonly Row[], sent: Sent): readonly { readonly row: Row; readonly job: StorableJob }[] {
  return rows.flatMap(row => {
    try {
      return { row, job: storableOf(row, { agedMs: row.aged_ms, again: row.again }) };
    } catch (cause) {
      sent.stuck.push({ position: row.position, id: row.id, name: row.name, error: toError(cause) });
      return [];
    }
  });
}

async function sendEvents(bus: EventSink, rows: readonly Row[], until: number, sent: Sent): Promise<void> {
  for (const row of rows) {
    if (performance.now() > until) return;
    try {
      await bus.forward(outgoingOf(row));
      sent.events.push(row.position);
    } catch (cause) {
      const error = toError(cause);
      if (!isForAnotherTime(error)) sent.stuck.push({ position: row.position, id: row.id, name: row.name, error });
      else {
        sent.outages.push(error);
        return;
      }
    }
  }
}

/** A closed bus is no fault of the event: this relay is about to end, and the next one sends it. */
function isForAnotherTime(error: Error): boolean {
  return isPlatformAway(error) || hasOrStemsFrom(error, 'BUS_CLOSED');
}

async function record(sql: Sql, { entry }: Tables, { jobs, repeats, events, stuck }: Sent): Promise<void> {
  if (jobs.length > 0) {
    await sql.query(`update ${entry} set sent_at = now() where position = any($1::bigint[])`, [jobs]);
  }
  const gone = [...repeats, ...events];
  if (gone.length > 0) await sql.query(`delete from ${entry} where position = any($1::bigint[])`, [gone]);
  for (const { position, error } of stuck) {
    // PostgreSQL refuses a NUL in a text; a refusal here would take back the record of all that was sent, and send it again for ever.
    const reason = storableText(error.message.slice(0, 500));
    await sql.query(`update ${entry} set stuck = $2 where position = $1`, [position, reason]);
  }
}
