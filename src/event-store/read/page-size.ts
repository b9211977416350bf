import type { EventRow } from './read-event.ts';

const PAYLOAD = 6;
const METADATA = 9;
const ENCRYPTED = 11;

/** Of JSON in a page, about: larger pages read no faster. */
const CHARACTERS = 2_000_000;
const FIRST = 500;
const FEWEST = 8;

/**
 * How many events to fetch at a time: many small ones (a round trip for each 500 cost a tenth of a read), few large ones, so that the
 * memory of a reader depends on neither.
 */
export class PageSize {
  readonly #most: number;
  #size: number;

  constructor(most: number) {
    this.#most = most;
    this.#size = Math.min(FIRST, most);
  }

  get now(): number {
    return this.#size;
  }

  /** The next page is measured by this one. */
  learn(rows: readonly EventRow[]): void {
    if (rows.length === 0) return;
    let characters = 0;
    for (const row of rows) characters += row[PAYLOAD].length + row[METADATA].length + (row[ENCRYPTED]?.length ?? 0);
    const fitting = Math.floor((CHARACTERS * rows.length) / (characters + 1));
    this.#size = Math.min(this.#most, Math.max(FEWEST, fitting));
  }
}
