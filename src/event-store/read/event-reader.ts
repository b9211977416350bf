import type { Pool } from 'pg';
import type { AnyEventContract } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import type { PersonalDataVault } from '../privacy/personal-data.ts';
import { requireCounts } from '../require-counts.ts';
import { requireIdText } from '../schema/id-text.ts';
import type { StoreNames } from '../schema/names.ts';
import { storeTypes, type Sql } from '../schema/sql.ts';
import { explained } from '../store-fault.ts';
import { EventCursor } from './event-cursor.ts';
import { EventRows, type StreamRange } from './event-rows.ts';
import { readEvent, type EventRow } from './read-event.ts';
import type { StoredEvent } from './stored-event.ts';

export interface ReadStreamOptions {
  readonly direction?: 'forward' | 'backward';
  /** The first version to read, itself included. The oldest by default, backward the newest. */
  readonly from?: number;
  /** The last version to read, itself included. */
  readonly to?: number;
  readonly limit?: number;
  /**
   * A client inside a transaction of the app: also what it has appended and not yet committed is read. For what is encrypted the keys are
   * asked for on another connection, of the store's own pool.
   */
  readonly tx?: Sql | undefined;
}

export interface ReadAllOptions {
  /** Events behind that position; 0 by default, which is all. */
  readonly after?: number;
  readonly limit?: number;
  /** Of these types alone. */
  readonly types?: readonly string[];
}

export interface ReaderParts {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly contracts: ReadonlyMap<string, AnyEventContract>;
  readonly vault: PersonalDataVault;
}

/** Events as they are stored, by stream or in the order of all, and what each row of them says. */
export class EventReader {
  readonly #parts: ReaderParts;
  readonly #rows: EventRows;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#rows = new EventRows(parts.pool, parts.names);
  }

  /** @throws InvalidOptionsError */
  ofStream(stream: string, options: ReadStreamOptions = {}): AsyncIterableIterator<StoredEvent> {
    requireIdText(stream, 'the name of a stream');
    requireCounts({ from: options.from, to: options.to, limit: options.limit });
    const range = rangeOf(options);
    return new EventCursor({
      fetch: (before, limit) => this.#rows.ofStream(stream, range, before, limit, options.tx),
      interpret: row => this.interpret(row),
      limit: options.limit ?? Infinity,
      ahead: options.tx === undefined,
    });
  }

  /** @throws InvalidOptionsError */
  all({ after = 0, limit = Infinity, types }: ReadAllOptions = {}): AsyncIterableIterator<StoredEvent> {
    requireCounts({ after, limit });
    if (types !== undefined && !(Array.isArray(types) && types.every(type => typeof type === 'string'))) {
      throw new InvalidOptionsError("Expected types of a read to be a list of events' names.");
    }
    let safePosition: number | undefined;
    return new EventCursor({
      fetch: async (before, count) => {
        safePosition ??= await this.safePosition();
        return this.#rows.between({ after: before?.[0] ?? after, upTo: safePosition, limit: count }, types);
      },
      interpret: row => this.interpret(row),
      limit,
      ahead: true,
    });
  }

  /** The position up to which no event will appear any more. */
  async safePosition(sql: Sql = this.#parts.pool): Promise<number> {
    const { names } = this.#parts;
    try {
      const { rows } = await sql.query({
        text: `select ${names.safePosition}()`,
        rowMode: 'array',
        types: storeTypes,
      });
      return Number(rows[0]?.[0] ?? 0);
    } catch (cause) {
      throw explained(cause, names.schema);
    }
  }

  /**
   * Rows for a projection: of the types that it handles, and of those that no contract here has. `upTo` must be at or below a safe position.
   */
  rowsFor(after: number, upTo: number, limit: number, types: readonly string[], sql?: Sql): Promise<EventRow[]> {
    const handled = new Set(types);
    const passedBy = [...this.#parts.contracts.keys()].filter(type => !handled.has(type));
    const range = { after, upTo, limit };
    return passedBy.length === 0 ? this.#rows.between(range, undefined, sql) : this.#rows.allBut(range, passedBy, sql);
  }

  /** What a row says. A promise only where it takes one. With a client keys are asked for on that. */
  interpret(row: EventRow, sql?: Sql): StoredEvent | Promise<StoredEvent> {
    return readEvent(row, this.#parts, sql);
  }
}

function rangeOf({ direction = 'forward', from, to }: ReadStreamOptions): StreamRange {
  if (direction !== 'forward' && direction !== 'backward') {
    throw new InvalidOptionsError(
      `Expected direction of a read to be 'forward' or 'backward', got ${String(direction).slice(0, 100)}.`,
    );
  }
  const [oldest, newest] = [1, Number.MAX_SAFE_INTEGER];
  return direction === 'forward'
    ? { direction, first: from ?? oldest, last: to ?? newest }
    : { direction, first: from ?? newest, last: to ?? oldest };
}
