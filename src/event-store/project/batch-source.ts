import type { StoreParts } from '../store-parts.ts';
import { PageSize } from '../read/page-size.ts';
import type { Batch } from './project-batch.ts';
import type { Projection } from './projection.ts';
import type { EventRow } from '../read/read-event.ts';
import type { Sql } from '../schema/sql.ts';
import type { StoredEvent } from '../read/stored-event.ts';

interface Coming {
  readonly from: number;
  readonly batch: Promise<Batch>;
}

/**
 * What comes next for a projection: while one batch is written, the next is read and understood. What it does not handle is left in
 * the database, as far as that can be known there: events of types that no contract of the store has come along, to be stated.
 */
export class BatchSource {
  readonly #store: StoreParts;
  readonly #types: readonly string[];
  readonly #page: PageSize;
  readonly #tx: Sql | undefined;
  #safePosition = 0;
  #coming: Coming | undefined;

  /** Inside a transaction, all is read on its client, and nothing ahead: whoever holds a connection must not wait for another. */
  constructor(store: StoreParts, { events }: Projection, size: number, tx?: Sql) {
    this.#store = store;
    this.#types = events.map(({ name }) => name);
    this.#page = new PageSize(size);
    this.#tx = tx;
  }

  /** What was known to be decided at the last look. */
  get safePosition(): number {
    return this.#safePosition;
  }

  /** The batch behind a checkpoint, or undefined when there is nothing yet. */
  async next(checkpoint: number): Promise<Batch | undefined> {
    const coming = this.#coming;
    this.#coming = undefined;
    const batch = coming?.from === checkpoint ? await coming.batch : await this.#read(checkpoint);
    if (batch.to <= checkpoint) return undefined;
    if (batch.to < this.#safePosition && this.#tx === undefined) {
      const ahead = this.#read(batch.to);
      // It is looked at when its turn comes.
      ahead.catch(() => undefined);
      this.#coming = { from: batch.to, batch: ahead };
    }
    return batch;
  }

  async #read(from: number): Promise<Batch> {
    // What was decided once stays so: the database is asked again only when that has been read.
    if (from >= this.#safePosition) this.#safePosition = await this.#store.reader.safePosition(this.#tx);
    const safePosition = this.#safePosition;
    if (from >= safePosition) return { events: [], from, to: from };
    const size = this.#page.now;
    const rows = await this.#store.reader.rowsFor(from, safePosition, size, this.#types, this.#tx);
    this.#page.learn(rows);
    const last = rows.at(-1);
    const to = rows.length < size || last === undefined ? safePosition : last[0];
    return { events: await this.#allOf(rows), from, to };
  }

  /** Without a turn of the loop for each when none of them takes one; in a transaction one after the other. */
  async #allOf(rows: readonly EventRow[]): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    if (this.#tx === undefined) {
      const coming = rows.map(row => this.#store.reader.interpret(row));
      // The first that fails ends the loop; nobody would hear of the others, and that would end the process.
      for (const event of coming) if (event instanceof Promise) event.catch(() => undefined);
      for (const event of coming) events.push(event instanceof Promise ? await event : event);
      return events;
    }
    for (const row of rows) {
      const event = this.#store.reader.interpret(row, this.#tx);
      events.push(event instanceof Promise ? await event : event);
    }
    return events;
  }
}
