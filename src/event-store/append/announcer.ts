import type { Pool } from 'pg';

/** A word for each append cost a third of the appends a second; a hundred words a second cost nothing. */
const BREATH_MS = 10;

/**
 * Notifies listening processes that something was appended. Beside the append and not in it: NOTIFY takes a lock of the whole database
 * from the commit's beginning to its end, so that commits could no longer share one flush of the disk. What is not said (the
 * process dies, the database is away) is found by polling.
 */
export class Announcer {
  readonly #pool: Pool;
  readonly #channel: string;
  #speaking: Promise<void> | undefined;
  #again = false;

  constructor(pool: Pool, channel: string) {
    this.#pool = pool;
    this.#channel = channel;
  }

  /** The first is said at once; those within the next moment share one word at its end. */
  announce(): void {
    this.#again = true;
    this.#speaking ??= this.#speak().finally(() => (this.#speaking = undefined));
  }

  async settle(): Promise<void> {
    while (this.#speaking !== undefined) await this.#speaking;
  }

  async #speak(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#pool.query('select pg_notify($1, $2)', [this.#channel, '']);
      } catch {
        return;
      }
      await new Promise(resolve => setTimeout(resolve, BREATH_MS));
    }
  }
}
