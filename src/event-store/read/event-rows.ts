import type { Pool } from 'pg';
import type { StoreNames } from '../schema/names.ts';
import { storeTypes, type Sql } from '../schema/sql.ts';
import { explained } from '../store-fault.ts';
import { EVENT_COLUMNS, type EventRow } from './read-event.ts';

export interface StreamRange {
  readonly direction: 'forward' | 'backward';
  /** Versions, both included; the first is the one to begin with. */
  readonly first: number;
  readonly last: number;
}

/** A page of all events: behind `after`, up to and with `upTo`. */
export interface PositionRange {
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** The statements that read events, each prepared once a connection. */
export class EventRows {
  readonly #pool: Pool;
  readonly #names: StoreNames;

  constructor(pool: Pool, names: StoreNames) {
    this.#pool = pool;
    this.#names = names;
  }

  /** A page of a stream, behind the row that was read last. */
  ofStream(
    stream: string,
    { direction, first, last }: StreamRange,
    before: EventRow | undefined,
    limit: number,
    sql?: Sql,
  ): Promise<EventRow[]> {
    const backward = direction === 'backward';
    const from = before === undefined ? first : before[2] + (backward ? -1 : 1);
    const text =
      `select ${EVENT_COLUMNS} from ${this.#names.event} where stream = $1 and ` +
      (backward
        ? 'version <= $2 and version >= $3 order by version desc limit $4'
        : 'version >= $2 and version <= $3 order by version limit $4');
    return this.#read(direction, text, [stream, from, last, limit], sql);
  }

  /** @param types of these alone; undefined: of every type */
  between({ after, upTo, limit }: PositionRange, types: readonly string[] | undefined, sql?: Sql): Promise<EventRow[]> {
    const behind = this.#behind();
    return types === undefined
      ? this.#read('all', `${behind} order by position limit $3`, [after, upTo, limit], sql)
      : this.#read(
          'all_of',
          `${behind} and type = any($4) order by position limit $3`,
          [after, upTo, limit, types],
          sql,
        );
  }

  /** Of every type but these. */
  allBut({ after, upTo, limit }: PositionRange, types: readonly string[], sql?: Sql): Promise<EventRow[]> {
    const text = `${this.#behind()} and type <> all ($4) order by position limit $3`;
    return this.#read('but', text, [after, upTo, limit, types], sql);
  }

  #behind(): string {
    return `select ${EVENT_COLUMNS} from ${this.#names.event} where position > $1 and position <= $2`;
  }

  async #read(name: string, text: string, values: unknown[], sql: Sql = this.#pool): Promise<EventRow[]> {
    try {
      const { rows } = await sql.query({
        name: `${this.#names.statement}_${name}`,
        text,
        values,
        rowMode: 'array',
        types: storeTypes,
      });
      return rows as unknown[] as EventRow[];
    } catch (cause) {
      throw explained(cause, this.#names.schema);
    }
  }
}
