import type { PgPool } from 'bullmq';
import {
  countEnds,
  ENDED_KEPT_MS,
  OPEN_KEPT_MS,
  type BatchStore,
  type Callback,
  type MemberEnd,
  type MemberState,
  type NewBatch,
  type PendingPage,
  type PendingStep,
  type StoredBatch,
} from '../../batches/index.ts';
import { runStatement } from './turns/statement.ts';

const CREATE = `
  INSERT INTO shiftwork_batch (id, name, callbacks, made_ms, touched_ms, looked_ms, until_ms)
  VALUES ($1, $2, $3, $4, $4, $4, $5) ON CONFLICT (id) DO NOTHING`;
const READ = `
  SELECT batch.id, name, callbacks, made_ms, touched_ms, batch.ended_ms, called, ends.state, ends.n::int
    FROM shiftwork_batch batch
    LEFT JOIN LATERAL (
      SELECT state, count(*) AS n FROM shiftwork_batch_member WHERE batch = batch.id GROUP BY state
    ) ends ON true
   WHERE batch.id = ANY ($1::text[])`;
const BRING = 'SELECT id FROM shiftwork_bring_members($1, $2, $3, $4, $5, $6) AS id';
const ADD = 'SELECT shiftwork_add_members($1, $2, $3, $4) AS answers';
const REPLACE = 'SELECT shiftwork_replace_member($1, $2, $3, $4, $5) AS done';
const CALLED = `
  UPDATE shiftwork_batch SET called = ARRAY(SELECT DISTINCT each FROM unnest(called || $2::text[]) AS each) WHERE id = $1`;
const OPEN =
  'SELECT job_id AS id FROM shiftwork_batch_member WHERE batch = $1 AND state IS NULL ORDER BY random() LIMIT $2';
/** A few whose time is over go with the look. */
const UNFINISHED = `
  WITH over AS (SELECT id FROM shiftwork_batch WHERE until_ms < $2 LIMIT 10),
    members AS (DELETE FROM shiftwork_batch_member WHERE batch IN (SELECT id FROM over)),
    batches AS (DELETE FROM shiftwork_batch WHERE id IN (SELECT id FROM over))
  UPDATE shiftwork_batch SET looked_ms = $2 WHERE id IN (
    SELECT id FROM shiftwork_batch WHERE NOT finished AND until_ms >= $2 ORDER BY looked_ms LIMIT $1
  ) RETURNING id`;

const FINISHED = 'UPDATE shiftwork_batch SET finished = true, callbacks = coalesce($2, callbacks) WHERE id = $1';
const PENDING = 'SELECT id FROM shiftwork_batch WHERE NOT finished AND id > $1 ORDER BY id LIMIT $2';
const CALLBACKS = 'UPDATE shiftwork_batch SET callbacks = $3 WHERE id = $1 AND callbacks = $2 RETURNING id';

interface BatchRow {
  readonly id: string;
  readonly name: string;
  readonly callbacks: string;
  /** bigint, which the driver gives as text. */
  readonly made_ms: string;
  readonly touched_ms: string;
  readonly ended_ms: string | null;
  readonly called: readonly Callback[];
  /** Null for those that have not ended, and in the row of a batch without members. */
  readonly state: MemberState | null;
  readonly n: number | null;
}

interface IdRow {
  readonly id: string;
}

/** A turn writes the ends of members into their rows itself: there is one place for all, and nothing is left to be brought. */
export class PostgresBatches implements BatchStore {
  readonly turnsBring = true;
  readonly #pool: PgPool;

  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  async create({ id, name, callbacks, at }: NewBatch): Promise<StoredBatch> {
    await runStatement(this.#pool, CREATE, [id, name, callbacks, at, at + OPEN_KEPT_MS]);
    const stands = await this.read(id);
    if (stands === undefined) throw new TypeError('Expected the batch that was made.');
    return stands;
  }

  async addMembers(id: string, jobIds: readonly string[], now: number): Promise<readonly boolean[] | undefined> {
    const rows = await runStatement<{ readonly answers: readonly boolean[] | null }>(this.#pool, ADD, [
      id,
      arrayOf(jobIds),
      now,
      OPEN_KEPT_MS,
    ]);
    const answers = rows[0]?.answers ?? undefined;
    return answers?.length === 0 ? jobIds.map(() => true) : answers;
  }

  async replaceMember(id: string, jobId: string, by: string, now: number): Promise<boolean> {
    const values = [id, jobId, by, now, OPEN_KEPT_MS];
    const [row] = await runStatement<{ readonly done: boolean }>(this.#pool, REPLACE, values);
    return row?.done === true;
  }

  async bring(ends: readonly MemberEnd[], now: number): Promise<readonly StoredBatch[]> {
    if (ends.length === 0) return [];
    const rows = await runStatement<IdRow>(this.#pool, BRING, [
      ends.map(({ batchId }) => batchId),
      ends.map(({ jobId }) => jobId),
      ends.map(({ state }) => state),
      ends.map(({ at }) => at),
      now,
      ENDED_KEPT_MS,
    ]);
    return this.#read(rows.map(({ id }) => id));
  }

  async unbrought(): Promise<readonly MemberEnd[]> {
    return [];
  }

  async brought(): Promise<void> {}

  async calledBack(id: string, callbacks: readonly Callback[]): Promise<void> {
    await runStatement(this.#pool, CALLED, [id, callbacks]);
  }

  async read(id: string): Promise<StoredBatch | undefined> {
    const [batch] = await this.#read([id]);
    return batch;
  }

  async openMembers(id: string, atMost: number): Promise<readonly string[]> {
    const rows = await runStatement<IdRow>(this.#pool, OPEN, [id, atMost]);
    return rows.map(row => row.id);
  }

  async unfinished(atMost: number, now: number): Promise<readonly string[]> {
    const rows = await runStatement<IdRow>(this.#pool, UNFINISHED, [atMost, now]);
    const ids = rows.map(({ id }) => id);
    // Whoever wrote the last end may have died before it looked: where none is open the batch ends now.
    const nobody = ids.map(() => '');
    const none = ids.map(() => 0);
    if (ids.length > 0) await runStatement<IdRow>(this.#pool, BRING, [ids, nobody, nobody, none, now, ENDED_KEPT_MS]);
    return ids;
  }

  async finished(id: string, callbacks?: string): Promise<void> {
    await runStatement(this.#pool, FINISHED, [id, callbacks ?? null]);
  }

  async pending({ from = '', most }: PendingStep): Promise<PendingPage> {
    const rows = await runStatement<IdRow>(this.#pool, PENDING, [from, most]);
    const ids = rows.map(({ id }) => id);
    return { ids, next: ids.length < most ? undefined : ids.at(-1) };
  }

  async changeCallbacks(id: string, from: string, to: string): Promise<boolean> {
    return (await runStatement<IdRow>(this.#pool, CALLBACKS, [id, from, to])).length > 0;
  }

  async #read(ids: readonly string[]): Promise<readonly StoredBatch[]> {
    if (ids.length === 0) return [];
    const rows = await runStatement<BatchRow>(this.#pool, READ, [ids]);
    return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap(its => standing(its) ?? []);
  }
}

/** As PostgreSQL reads an array of texts, without the driver's looks at each of them, which were most of what a member cost here. */
function arrayOf(ids: readonly string[]): string {
  return `{${ids.map(id => JSON.stringify(id)).join(',')}}`;
}

/** One row for each state. */
function standing(rows: readonly BatchRow[]): StoredBatch | undefined {
  const [first] = rows;
  if (first === undefined) return undefined;
  const count = (state: MemberState | null): number => rows.find(row => row.state === state)?.n ?? 0;
  return {
    id: first.id,
    name: first.name,
    callbacks: first.callbacks,
    at: Number(first.made_ms),
    open: count(null),
    ended: countEnds(count),
    endedAt: first.ended_ms === null ? undefined : Number(first.ended_ms),
    touchedAt: Number(first.touched_ms),
    called: first.called,
  };
}
