import { codeOf } from '../../errors/index.ts';
import {
  countsIn,
  withSums,
  writtenCounts,
  type ContractCounts,
  type CountedStretch,
} from '../record/contract-counts.ts';
import { markIn, writtenMark, type Mark } from '../record/mark.ts';
import type { RunClass } from '../record/run-record.ts';
import { holdsMark, type Term } from '../record/terms.ts';
import {
  CHUNK_MS,
  HOUR,
  MINUTE,
  stretchOf,
  type Bounds,
  type Chunk,
  type ClassStanding,
  type JournalBatch,
  type JournalStore,
  type QueueDepth,
  type Room,
  type Span,
  type Standing,
} from './journal-store.ts';
import { IDS_A_MS } from './postgres-tables.ts';

/** What the journal needs of a node-postgres pool. */
export interface JournalSql {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** `check_violation`: no partition for the row. */
const NO_PARTITION = '23514';

/** The journal in PostgreSQL, under a schema of its own; `shiftwork migrate` makes its tables. A chunk is what one process wrote at one time. */
export class PostgresJournalStore implements JournalStore {
  readonly #sql: JournalSql;
  readonly #schema: string;
  readonly #bounds: Bounds;
  #tidiedAt = 0;
  #room: Room = { filled: 0, writers: 1 };
  #roomAt = 0;

  constructor(sql: JournalSql, schema: string, bounds: Bounds) {
    this.#sql = sql;
    this.#schema = schema;
    this.#bounds = bounds;
  }

  async append(batch: JournalBatch): Promise<Room> {
    const { now, frames, counts, marks, depths } = batch;
    if (now - this.#tidiedAt >= HOUR) await this.#tidy(now);
    for (const frame of frames) await this.#put(frame, now);
    if (counts.length > 0) await this.#count(counts, now);
    if (marks.length > 0) {
      const text = `insert into ${this.#table('mark')} (at, body) select * from unnest($1::bigint[], $2::text[]) on conflict do nothing`;
      await this.#sql.query(text, [marks.map(({ at }) => Math.round(at)), marks.map(writtenMark)]);
    }
    if (depths.length > 0) {
      const text = `insert into ${this.#table('depth')} (at, queue, body) select * from unnest($1::bigint[], $2::text[], $3::text[]) on conflict do nothing`;
      const bodies = depths.map(({ unfinished, waiting, held, oldestDueMs }) =>
        JSON.stringify([unfinished, waiting, held, oldestDueMs ?? null]),
      );
      await this.#sql.query(text, [depths.map(({ at }) => Math.round(at)), depths.map(({ queue }) => queue), bodies]);
    }
    if (now - this.#roomAt >= CHUNK_MS / 2) await this.#look(batch);
    return this.#room;
  }

  async list(of: RunClass, span: Span, limit: number): Promise<readonly number[]> {
    const text = `select id from ${this.#table(`${of}_chunk`)} where id between $1 and $2 order by id desc limit $3`;
    return (await this.#rows(text, [...idsOf(span), limit])).map(row => timeOf(Number(row['id'])));
  }

  async holding(of: RunClass, terms: readonly Term[], span: Span, limit: number): Promise<readonly number[]> {
    if (terms.length === 0) return [];
    const [from, to] = idsOf(span);
    const table = this.#table(`${of}_term`);
    const holds = (index: number): string =>
      `t${index}.id between $1 and $2 and t${index}.bucket = $${4 + 2 * index} and strpos(t${index}.marks, $${5 + 2 * index}) > 0`;
    const marks = terms.map((_, index) => `t${index}.marks as m${index}`).join(', ');
    const others = terms
      .slice(1)
      .map((_, at) => `join ${table} t${at + 1} on t${at + 1}.id = t0.id and ${holds(at + 1)}`);
    // What is in every chunk, such as a busy contract, is in hundreds of thousands of rows: no more of them are read than are asked for.
    const text = `select t0.id, ${marks} from ${table} t0 ${others.join(' ')} where ${holds(0)} order by t0.id desc limit $3`;
    const found: number[] = [];
    for (let last = to, more = true; more;) {
      const rows = await this.#rows(text, [from, last, limit, ...terms.flatMap(({ bucket, mark }) => [bucket, mark])]);
      for (const row of rows) {
        if (terms.every(({ mark }, index) => holdsMark(String(row[`m${index}`]), mark))) found.push(Number(row['id']));
      }
      more = rows.length === limit && found.length < limit;
      last = Number(rows.at(-1)?.['id']) - 1;
    }
    return found.slice(0, limit).map(timeOf);
  }

  async read(of: RunClass, ids: readonly number[]): Promise<readonly Chunk[]> {
    if (ids.length === 0) return [];
    const text = `select id, body from ${this.#table(`${of}_chunk`)} where id = any($1::bigint[])`;
    const rows = await this.#rows(text, [ids.map(id => idOf(id))]);
    return rows.map(row => ({ id: timeOf(Number(row['id'])), text: String(row['body']) }));
  }

  async rewrite(of: RunClass, { id, text: before }: Chunk, text: string): Promise<boolean> {
    const update = `update ${this.#table(`${of}_chunk`)} set body = $3 where id = $1 and body = $2 returning 1 as done`;
    return (await this.#rows(update, [idOf(id), before, text])).length === 1;
  }

  async standing(): Promise<Standing> {
    const of = async (name: RunClass): Promise<ClassStanding> => {
      const chunks = this.#table(`${name}_chunk`);
      const [row] = await this.#rows(
        `select "${this.#schema}".bytes($1) as bytes, (select id from ${chunks} order by id limit 1) as first`,
        [name],
      );
      const first = row?.['first'];
      return {
        bytes: Number(row?.['bytes']),
        mostBytes: this.#bounds[name],
        since: first === null || first === undefined ? undefined : Math.floor(Number(first) / IDS_A_MS),
      };
    };
    return { failed: await of('failed'), succeeded: await of('succeeded') };
  }

  async counts(
    by: 'minute' | 'hour',
    { from, to }: Span,
    names: readonly string[],
  ): Promise<readonly CountedStretch[]> {
    // Each stretch is named, so that each row is found by the whole key: those of other contracts are passed over.
    const length = by === 'minute' ? MINUTE : HOUR;
    const first = Math.ceil(from / length) * length;
    const text = `
      select at, contract, queue, numbers, waited, ran from generate_series($2::bigint, $3::bigint, $4::bigint) as stretch_at
        cross join unnest($5::text[]) as name
        join ${this.#table('stretch')} on by_minute = $1 and at = stretch_at and contract = name`;
    const rows = await this.#rows(text, [by === 'minute', first, Math.ceil(to), length, names]);
    return rows.map(row => ({
      at: Number(row['at']),
      ...countsIn(String(row['contract']), String(row['queue']), [row['numbers'], row['waited'], row['ran']]),
    }));
  }

  async marks({ from, to }: Span, limit: number): Promise<readonly Mark[]> {
    const text = `select body from ${this.#table('mark')} where at between $1 and $2 order by at desc limit $3`;
    const rows = await this.#rows(text, [Math.floor(from), Math.ceil(to), limit]);
    return rows.toReversed().flatMap(row => markIn(String(row['body'])) ?? []);
  }

  async depths({ from, to }: Span, queues: readonly string[]): Promise<readonly QueueDepth[]> {
    const text = `select at, queue, body from ${this.#table('depth')} where at between $1 and $2 and queue = any($3::text[])`;
    const rows = await this.#rows(text, [Math.floor(from), Math.ceil(to), queues]);
    return rows.map(row => {
      const body: unknown = JSON.parse(String(row['body']));
      const [unfinished, waiting, held, oldest]: readonly unknown[] = Array.isArray(body) ? body : [];
      return {
        at: Number(row['at']),
        queue: String(row['queue']),
        unfinished: Number(unfinished),
        waiting: Number(waiting),
        held: Number(held),
        oldestDueMs: typeof oldest === 'number' ? oldest : undefined,
      };
    });
  }

  async unfinished(minutes: readonly number[], queue: string | undefined): Promise<ReadonlyMap<number, number>> {
    const own = queue === undefined ? '' : 'and queue = $2';
    const text = `select at, sum((body::json->>0)::double precision) as unfinished from ${this.#table('depth')} where at = any($1::bigint[]) ${own} group by at`;
    const rows = await this.#rows(text, queue === undefined ? [minutes] : [minutes, queue]);
    return new Map(rows.map(row => [Number(row['at']), Number(row['unfinished'])]));
  }

  async #put({ of, text, terms }: JournalBatch['frames'][number], now: number): Promise<void> {
    const insert = `
      with made as (
        insert into ${this.#table(`${of}_chunk`)} (id, body)
        values ($1::bigint + nextval('"${this.#schema}".chunk_number') % ${IDS_A_MS}, $2) returning id)
      insert into ${this.#table(`${of}_term`)} (id, bucket, marks)
      select made.id, each.bucket, each.marks from made, unnest($3::smallint[], $4::text[]) as each (bucket, marks)`;
    const buckets = terms.map(([bucket]) => bucket);
    const values = [Math.floor(now) * IDS_A_MS, text, buckets, terms.map(([, marks]) => marks)];
    try {
      await this.#sql.query(insert, values);
    } catch (error) {
      if (codeOf(error) !== NO_PARTITION) throw error;
      await this.#tidy(now);
      await this.#sql.query(insert, values);
    }
  }

  async #count(counts: readonly ContractCounts[], now: number): Promise<void> {
    const sum = `"${this.#schema}".sum_of`;
    // In one order, so that two who write the same never wait for each other in a ring.
    const sorted = withSums(counts).toSorted((a, b) => (a.jobName < b.jobName ? -1 : 1));
    const text = `
      insert into ${this.#table('stretch')} as known (by_minute, at, contract, queue, numbers, waited, ran)
      select $1, $2, each.contract, each.queue,
             (select array_agg(value::double precision) from jsonb_array_elements_text(each.numbers::jsonb)),
             each.waited::jsonb, each.ran::jsonb
        from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) as each (contract, queue, numbers, waited, ran)
      on conflict (by_minute, at, contract) do update set
        numbers = (select array_agg(coalesce(a, 0) + coalesce(b, 0) order by place)
                     from unnest(known.numbers, excluded.numbers) with ordinality as pair (a, b, place)),
        waited = ${sum}(known.waited, excluded.waited),
        ran = ${sum}(known.ran, excluded.ran)`;
    const written = sorted.map(writtenCounts);
    for (const by of ['minute', 'hour'] as const) {
      await this.#sql.query(text, [
        by === 'minute',
        stretchOf(by, now),
        sorted.map(({ jobName }) => jobName),
        sorted.map(({ queue }) => queue),
        written.map(([numbers]) => JSON.stringify(numbers)),
        written.map(([, waited]) => JSON.stringify(waited)),
        written.map(([, , ran]) => JSON.stringify(ran)),
      ]);
    }
  }

  async #tidy(now: number): Promise<void> {
    await this.#sql.query(`select "${this.#schema}".days($1, $2)`, [Math.floor(now), this.#bounds.succeeded]);
    this.#tidiedAt = now;
  }

  async #look({ now, writer }: JournalBatch): Promise<void> {
    const seen = `insert into ${this.#table('writer')} (name, seen) values ($1, $2) on conflict (name) do update set seen = excluded.seen`;
    await this.#sql.query(seen, [writer, Math.floor(now)]);
    const [row] = await this.#rows(
      `select "${this.#schema}".bytes('succeeded') as bytes, (select count(*) from ${this.#table('writer')} where seen > $1) as writers`,
      [Math.floor(now) - 2 * CHUNK_MS],
    );
    this.#room = { filled: Number(row?.['bytes']) / this.#bounds.succeeded, writers: Number(row?.['writers']) };
    this.#roomAt = now;
  }

  async #rows(text: string, values: unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { rows } = await this.#sql.query(text, values);
    return rows.flatMap(row => (typeof row === 'object' && row !== null ? [{ ...row }] : []));
  }

  #table(name: string): string {
    return `"${this.#schema}".${name}`;
  }
}

/** With a fraction of a millisecond, so that ids of all stores are times. */
function timeOf(id: number): number {
  return id / IDS_A_MS;
}

function idOf(time: number): number {
  return Math.round(time * IDS_A_MS);
}

function idsOf({ from, to }: Span): readonly [number, number] {
  return [Math.floor(from * IDS_A_MS), Math.ceil(to * IDS_A_MS)];
}
