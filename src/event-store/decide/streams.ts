import type { EventRequest } from '../../contracts/index.ts';
import type { EventDefaults } from '../append/prepare-event.ts';
import type { Appended } from '../append/run-append.ts';
import type { StreamAppend } from '../append/stream-append.ts';
import type { StoreParts } from '../store-parts.ts';
import type { StoredEvent } from '../read/stored-event.ts';
import type { Sql } from '../schema/sql.ts';
import { recordedAs } from './recorded.ts';

/** Events for one stream, decided on that version of it. */
export interface DecidedAppend extends StreamAppend {
  readonly events: readonly EventRequest[];
  readonly version: number;
}

/** An append that is checked and not written yet. */
export interface ReadyAppend {
  /** What every reader will be given of it. Positions are drawn by the append; until then they stand at 0. */
  readonly coming: readonly StoredEvent[];
  /** @throws ConcurrencyError */
  write(): Promise<Appended>;
}

/** What deciding needs of an event store. With a client all of it happens inside a transaction of the app. */
export interface Streams {
  read(
    stream: string,
    options: { readonly from: number; readonly to?: number; readonly tx?: Sql | undefined },
  ): AsyncIterable<StoredEvent>;
  prepare(appends: readonly DecidedAppend[], defaults: EventDefaults, tx: Sql | undefined): Promise<ReadyAppend>;
  /** The stream that has an event of that id; undefined where none has. */
  streamWith(eventId: string, tx: Sql | undefined): Promise<string | undefined>;
}

export function streamsOf(store: StoreParts): Streams {
  return {
    read: (stream, options) => store.reader.ofStream(stream, options),
    async prepare(appends, defaults, tx) {
      const prepared = await store.appender.prepare(appends, defaults);
      const coming = await recordedAs(store, appends, prepared, tx);
      return { coming, write: () => store.appender.write(appends, prepared, tx) };
    },
    async streamWith(eventId, tx) {
      const sql: Sql = tx ?? store.pool;
      const { rows } = await sql.query(`select stream from ${store.names.event} where id = $1`, [eventId]);
      const stream: unknown = rows[0]?.['stream'];
      return typeof stream === 'string' ? stream : undefined;
    },
  };
}
