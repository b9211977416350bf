import type { Pool } from 'pg';
import { addCounts, withSums, writtenCounts, type ContractCounts } from '../../src/journal/record/contract-counts.ts';
import { writtenMark } from '../../src/journal/record/mark.ts';
import { stretchOf, type JournalBatch } from '../../src/journal/stores/journal-store.ts';
import { IDS_A_MS, journalSchemaName } from '../../src/journal/stores/postgres-tables.ts';

const CHUNKS_A_WRITE = 200;
const DAY = 86_400_000;
type RunClass = JournalBatch['frames'][number]['of'];
interface Chunk {
  readonly id: number;
  readonly text: string;
  readonly terms: JournalBatch['frames'][number]['terms'];
}

/**
 * Writes the rows that the journal's own store writes to PostgreSQL, many of them in a statement: what hosts hand over in a day would take the better
 * part of an hour in as many statements as theirs. Counts of an hour are added up here.
 */
export class BulkJournal {
  readonly #pool: Pool;
  readonly #schema: string;
  readonly #chunks: Record<RunClass, Chunk[]> = { failed: [], succeeded: [] };
  readonly #hours = new Map<string, { readonly at: number; readonly counts: ContractCounts }>();
  #number = 0;

  constructor(pool: Pool, namespace: string) {
    this.#pool = pool;
    this.#schema = journalSchemaName(namespace);
  }

  /** Partitions of these days, as a host makes them when it begins to write. */
  async begin(from: number, to: number): Promise<void> {
    for (let at = from; at < to + DAY; at += DAY)
      await this.#pool.query(`select "${this.#schema}".days($1, $2)`, [Math.floor(at), Number.MAX_SAFE_INTEGER]);
  }

  async append({ now, frames, counts, marks, depths }: JournalBatch): Promise<void> {
    for (const { of, text, terms } of frames) {
      this.#chunks[of].push({ id: Math.floor(now) * IDS_A_MS + ((this.#number += 1) % IDS_A_MS), text, terms });
      if (this.#chunks[of].length >= CHUNKS_A_WRITE) await this.#flush(of);
    }
    const summed = withSums(counts);
    if (summed.length > 0)
      await this.#count(
        true,
        summed.map(each => ({ at: stretchOf('minute', now), counts: each })),
      );
    for (const each of summed) {
      const at = stretchOf('hour', now);
      const known = this.#hours.get(`${at} ${each.jobName}`);
      const sum = known === undefined ? each : addCounts(known.counts, each);
      this.#hours.set(`${at} ${each.jobName}`, { at, counts: sum });
    }
    if (marks.length > 0) {
      const text = `insert into "${this.#schema}".mark (at, body) select * from unnest($1::bigint[], $2::text[])`;
      await this.#pool.query(text, [marks.map(({ at }) => Math.round(at)), marks.map(writtenMark)]);
    }
    if (depths.length > 0) {
      const text = `insert into "${this.#schema}".depth (at, queue, body) select * from unnest($1::bigint[], $2::text[], $3::text[])`;
      const bodies = depths.map(({ unfinished, waiting, held, oldestDueMs }) =>
        JSON.stringify([unfinished, waiting, held, oldestDueMs ?? null]),
      );
      await this.#pool.query(text, [depths.map(({ at }) => at), depths.map(({ queue }) => queue), bodies]);
    }
  }

  async end(): Promise<void> {
    await this.#flush('failed');
    await this.#flush('succeeded');
    const hours = [...this.#hours.values()];
    for (let from = 0; from < hours.length; from += 500) await this.#count(false, hours.slice(from, from + 500));
  }

  async #flush(of: RunClass): Promise<void> {
    const chunks = this.#chunks[of].splice(0);
    const terms = chunks.flatMap(({ id, terms: own }) => own.map(([bucket, marks]) => ({ id, bucket, marks })));
    const insert = `
      with chunk as (
        insert into "${this.#schema}".${of}_chunk (id, body) select * from unnest($1::bigint[], $2::text[]))
      insert into "${this.#schema}".${of}_term (id, bucket, marks) select * from unnest($3::bigint[], $4::smallint[], $5::text[])`;
    await this.#pool.query(insert, [
      chunks.map(({ id }) => id),
      chunks.map(({ text }) => text),
      terms.map(({ id }) => id),
      terms.map(({ bucket }) => bucket),
      terms.map(({ marks }) => marks),
    ]);
  }

  async #count(byMinute: boolean, rows: readonly { readonly at: number; readonly counts: ContractCounts }[]) {
    const written = rows.map(({ counts }) => writtenCounts(counts));
    const text = `
      insert into "${this.#schema}".stretch (by_minute, at, contract, queue, numbers, waited, ran)
      select $1, at, contract, queue, numbers::double precision[], waited::jsonb, ran::jsonb
        from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) as each (at, contract, queue, numbers, waited, ran)`;
    await this.#pool.query(text, [
      byMinute,
      rows.map(({ at }) => at),
      rows.map(({ counts }) => counts.jobName),
      rows.map(({ counts }) => counts.queue),
      written.map(([numbers]) => `{${numbers.join(',')}}`),
      written.map(([, waited]) => JSON.stringify(waited)),
      written.map(([, , ran]) => JSON.stringify(ran)),
    ]);
  }
}
