import type { PgPool } from 'bullmq';
import { joinable } from '../../engine/index.ts';
import { type StateChange, type StateEntry, type StateStore } from './state-store.ts';

interface Row {
  readonly name: string;
  readonly value: unknown;
  /** bigint, which the driver gives as text. */
  readonly version: string;
}

interface ReadRow extends Row {
  readonly left_ms: number;
}

const LEFT = '(extract(epoch FROM expires_at - clock_timestamp()) * 1000)::float8 AS left_ms';
const READ = joinable(
  ['text', 'text[]'],
  `
  SELECT name, value, version, ${LEFT} FROM shiftwork_state
   WHERE collection = $1 AND name = ANY($2::text[]) AND expires_at > clock_timestamp()`,
);
const LIST = joinable(
  ['text'],
  `
  SELECT name, value, version, ${LEFT} FROM shiftwork_state
   WHERE collection = $1 AND expires_at > clock_timestamp() ORDER BY name COLLATE "C"`,
);
const LATEST = `
  SELECT name, value, version, ${LEFT} FROM shiftwork_state
   WHERE collection = $1 AND expires_at > clock_timestamp()
     AND ($3::float8 IS NULL OR expires_at <= clock_timestamp() + $3 * interval '1 millisecond')
   ORDER BY expires_at DESC, name COLLATE "C" DESC LIMIT $2`;
const WRITTEN = `
  value = excluded.value, version = excluded.version, expires_at = excluded.expires_at`;
const INSERT = `
  INSERT INTO shiftwork_state AS s (collection, name, value, version, expires_at)
  VALUES ($1, $2, $3::json, nextval('shiftwork_state_version'), clock_timestamp() + $4 * interval '1 millisecond')`;
const SET = `${INSERT} ON CONFLICT (collection, name) DO UPDATE SET ${WRITTEN} RETURNING version`;
const CREATE = `${INSERT} ON CONFLICT (collection, name) DO UPDATE SET ${WRITTEN}
  WHERE s.expires_at <= clock_timestamp() RETURNING version`;
const REPLACE = `
  UPDATE shiftwork_state
     SET value = $3::json, version = nextval('shiftwork_state_version'),
         expires_at = clock_timestamp() + $4 * interval '1 millisecond'
   WHERE collection = $1 AND name = $2 AND version = $5 AND expires_at > clock_timestamp()
  RETURNING version`;
const CHANGE_MANY = `
  WITH given AS (
    SELECT * FROM unnest($2::text[], $3::bigint[], $4::text[]) AS g (name, version, value)
  ), locked AS (
    -- All in one order, so that two who change the same ones wait for each other instead of cancelling each other.
    SELECT s.name, given.value FROM shiftwork_state s JOIN given ON s.name = given.name AND s.version = given.version
     WHERE s.collection = $1 AND s.expires_at > clock_timestamp() ORDER BY s.name FOR UPDATE OF s
  ), replaced AS (
    UPDATE shiftwork_state s
       SET value = locked.value::json, version = nextval('shiftwork_state_version'),
           expires_at = clock_timestamp() + $5 * interval '1 millisecond'
      FROM locked WHERE s.collection = $1 AND s.name = locked.name
    RETURNING s.name
  ), created AS (
    INSERT INTO shiftwork_state AS s (collection, name, value, version, expires_at)
    SELECT $1, name, value::json, nextval('shiftwork_state_version'), clock_timestamp() + $5 * interval '1 millisecond'
      FROM given WHERE version = 0 ORDER BY name
    ON CONFLICT (collection, name) DO UPDATE SET ${WRITTEN} WHERE s.expires_at <= clock_timestamp()
    RETURNING s.name
  )
  SELECT name FROM replaced UNION ALL SELECT name FROM created`;
const DELETE = `
  DELETE FROM shiftwork_state
   WHERE collection = $1 AND name = $2 AND ($3::bigint IS NULL OR version = $3) AND expires_at > clock_timestamp()`;

/** The shared state in the queues' PostgreSQL; `Engine.migrate()` makes its tables. */
export class PostgresStateStore implements StateStore {
  readonly #pool: PgPool;

  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  async get(collection: string, name: string): Promise<StateEntry | undefined> {
    const [entry] = await this.getMany(collection, [name]);
    return entry;
  }

  async getMany(collection: string, names: readonly string[]): Promise<StateEntry[]> {
    if (names.length === 0) return [];
    return this.#entries(READ, [collection, names]);
  }

  list(collection: string): Promise<StateEntry[]> {
    return this.#entries(LIST, [collection]);
  }

  latest(collection: string, limit: number, withinMs?: number): Promise<StateEntry[]> {
    return this.#entries(LATEST, [collection, limit, withinMs ?? null]);
  }

  async set(collection: string, name: string, value: unknown, ttlMs: number): Promise<number> {
    const { rows } = await this.#pool.query<Row>(SET, [collection, name, JSON.stringify(value), ttlMs]);
    return Number(rows[0]?.version);
  }

  async compareAndSet(
    collection: string,
    name: string,
    version: number,
    value: unknown,
    ttlMs: number,
  ): Promise<number | undefined> {
    const args = [collection, name, JSON.stringify(value), ttlMs];
    const { rows } =
      version === 0
        ? await this.#pool.query<Row>(CREATE, args)
        : await this.#pool.query<Row>(REPLACE, [...args, version]);
    return rows[0] && Number(rows[0].version);
  }

  async compareAndSetMany(
    collection: string,
    entries: readonly StateChange[],
    ttlMs: number,
  ): Promise<ReadonlySet<string>> {
    if (entries.length === 0) return new Set();
    const names = entries.map(({ name }) => name);
    const versions = entries.map(({ version }) => version);
    const values = entries.map(({ value }) => JSON.stringify(value));
    const { rows } = await this.#pool.query<Row>(CHANGE_MANY, [collection, names, versions, values, ttlMs]);
    return new Set(rows.map(({ name }) => name));
  }

  async delete(collection: string, name: string, version?: number): Promise<boolean> {
    const { rowCount } = await this.#pool.query(DELETE, [collection, name, version ?? null]);
    return rowCount === 1;
  }

  async prune(): Promise<void> {
    await this.#pool.query('DELETE FROM shiftwork_state WHERE expires_at <= clock_timestamp()');
    // Places in lines, which hosts of 0.1 took.
    await this.#pool.query('DELETE FROM shiftwork_line WHERE expires_at <= clock_timestamp()');
  }

  async #entries(sql: string, args: readonly unknown[]): Promise<StateEntry[]> {
    const { rows } = await this.#pool.query<ReadRow>(sql, args);
    return rows.map(({ name, value, version, left_ms: leftMs }) => ({ name, value, version: Number(version), leftMs }));
  }
}
