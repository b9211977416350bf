import { isDeepStrictEqual } from 'node:util';
import { toError } from '../../errors/index.ts';
import { bareError } from '../../privacy/index.ts';
import { encodeEventPayload, reviveDates, type PayloadContract } from '../../contracts/index.ts';
import type { StoreParts } from '../store-parts.ts';
import type { Sql } from '../schema/sql.ts';

export interface SnapshotPolicy {
  /** A snapshot when so many events came since the last. Worth it from some hundred events a stream. */
  readonly every: number;
  /** Raise it with each change of the state or of `evolve`: snapshots of another shape are not used. */
  readonly shape: number;
}

export interface Snapshot<State> {
  readonly version: number;
  readonly state: State;
}

/** States kept beside the events, to read less. Any of them can be lost. */
export class Snapshots<State> {
  readonly #store: StoreParts;
  readonly #every: number;
  readonly #shape: string;
  readonly #contract: PayloadContract;

  constructor(store: StoreParts, decider: string, { shape, every }: SnapshotPolicy) {
    this.#store = store;
    this.#every = every;
    this.#shape = `${decider}@${shape}`;
    // The codec asks for no more than a name; a state has no schema.
    const accept = {
      '~standard': { version: 1, vendor: 'shiftwork', validate: (value: unknown) => ({ value }) },
    } as const;
    this.#contract = { name: `the state of ${decider}`, version: 1, schema: accept, upgrade: {}, sensitive: [] };
  }

  /** Whether enough events came since the last one. */
  isDue(version: number, since: number): boolean {
    return version - since >= this.#every;
  }

  /** The snapshot of the stream, unless it is of another shape or newer than wanted. */
  async find(stream: string, atMost: number, sql: Sql = this.#store.pool): Promise<Snapshot<State> | undefined> {
    const { rows } = await sql.query(
      `select version, state from ${this.#store.names.snapshot} where stream = $1 and shape = $2 and version <= $3`,
      [stream, this.#shape, atMost],
    );
    const [row] = rows as { version: string; state: { state: unknown; dates: string[] } }[];
    if (row === undefined) return undefined;
    // It was written by this very shape.
    return { version: Number(row.version), state: reviveDates(row.state.state, row.state.dates) as State };
  }

  /**
   * Keeps it, unless a newer one is there. One that JSON would change is refused: the fact says so. None is kept for a minute after a person
   * of the stream was erased: the state may have been read before, by any process.
   */
  async keep(stream: string, { version, state }: Snapshot<State>): Promise<void> {
    try {
      const { json, dates } = encodeEventPayload(this.#contract, state);
      if (!isDeepStrictEqual(reviveDates(JSON.parse(json), dates), state))
        throw new Error('JSON does not hold it as it is');
      await this.#store.pool.query(
        `insert into ${this.#store.names.snapshot} as s (stream, version, shape, state) select $1, $2, $3, $4
         where not exists (
           select 1 from ${this.#store.names.event} e join ${this.#store.names.subjectKey} k on k.subject = e.subject
           where e.stream = $1 and k.erased_at > now() - interval '1 minute')
         on conflict (stream) do update set version = excluded.version, shape = excluded.shape, state = excluded.state, taken_at = now()
         where s.version < excluded.version or s.shape <> excluded.shape`,
        [stream, version, this.#shape, `{"state":${json},"dates":${JSON.stringify(dates)}}`],
      );
    } catch (cause) {
      // The events are there: without a snapshot they are read.
      this.#store.facts.emit('store.snapshot-failed', { stream, error: bareError(toError(cause)) });
    }
  }
}
