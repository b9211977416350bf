import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SubjectErasedError } from './subject-erased-error.ts';
import { KEY_BYTES } from './cipher.ts';
import type { StoreNames } from '../schema/names.ts';
import type { Sql } from '../schema/sql.ts';

/** A key for each person whose data is in events. Another place than the store's own database is better still: its backups differ. */
export interface KeyRing {
  /** The person's key, made when there is none. @throws SubjectErasedError */
  keyFor(subject: string): Promise<Uint8Array>;
  /**
   * Undefined when it was thrown away, or never made. A ring whose keys are in the store's database asks for it on the client that is
   * given: its caller holds that, and perhaps the last connection with it.
   */
  find(subject: string, sql?: Sql): Promise<Uint8Array | undefined>;
  /**
   * Resolves when no process uses the key any more, remembered ones included: an event that the app appends then stands behind
   * everything that was read with it.
   */
  throwAway(subject: string): Promise<void>;
}

/** Longer, and another process would go on reading what was erased. */
const REMEMBERED_MS = 1_000;
const REMEMBERED_AT_MOST = 10_000;
/** Timers may come a little early. */
const TO_SPARE_MS = 50;

interface Asked {
  readonly at: number;
  readonly thrownAway: number;
}

/** Snapshots of states that were read before are not kept then, whatever ring the keys are in. */
export async function recordErasure(sql: Sql, table: string, subject: string): Promise<void> {
  await sql.query(
    `insert into ${table} (subject, key, erased_at) values ($1, null, now())
     on conflict (subject) do update set key = null, erased_at = now()`,
    [subject],
  );
}

/** Keys in a table beside the events; a backup of them ends an erasure's promise, so keep them out of long-lived ones. */
export class PostgresKeyRing implements KeyRing {
  readonly #sql: Sql;
  readonly #table: string;
  readonly #remembered = new Map<string, { readonly key: Uint8Array | undefined; readonly until: number }>();

  /** How many were thrown away: an answer from before is not remembered. */
  #thrownAway = 0;

  constructor(sql: Sql, names: StoreNames) {
    this.#sql = sql;
    this.#table = names.subjectKey;
  }

  async keyFor(subject: string): Promise<Uint8Array> {
    const known = this.#recall(subject);
    if (known?.key !== undefined) return known.key;
    const asOf = this.#asOf();
    const { rows } = await this.#sql.query(
      `insert into ${this.#table} as k (subject, key) values ($1, $2)
       on conflict (subject) do update set subject = k.subject returning key`,
      [subject, randomBytes(KEY_BYTES)],
    );
    const key = rows[0]?.['key'];
    if (!(key instanceof Uint8Array)) throw new SubjectErasedError();
    return this.#remember(subject, key, asOf);
  }

  async find(subject: string, sql: Sql = this.#sql): Promise<Uint8Array | undefined> {
    const known = this.#recall(subject);
    if (known !== undefined) return known.key;
    const asOf = this.#asOf();
    const { rows } = await sql.query(`select key from ${this.#table} where subject = $1`, [subject]);
    const key = rows[0]?.['key'];
    return this.#remember(subject, key instanceof Uint8Array ? key : undefined, asOf);
  }

  async throwAway(subject: string): Promise<void> {
    // Also where none was made yet: nothing of that person is encrypted from now on.
    await recordErasure(this.#sql, this.#table, subject);
    this.#thrownAway += 1;
    this.#remembered.delete(subject);
    await sleep(REMEMBERED_MS + TO_SPARE_MS);
  }

  #recall(subject: string): { readonly key: Uint8Array | undefined } | undefined {
    const entry = this.#remembered.get(subject);
    return entry !== undefined && entry.until > performance.now() ? entry : undefined;
  }

  /** When it was asked, not when the answer came: until then the key may have been thrown away. */
  #asOf(): Asked {
    return { at: performance.now(), thrownAway: this.#thrownAway };
  }

  #remember<Key extends Uint8Array | undefined>(subject: string, key: Key, { at, thrownAway }: Asked): Key {
    if (thrownAway !== this.#thrownAway) return key;
    if (this.#remembered.size >= REMEMBERED_AT_MOST) this.#remembered.clear();
    this.#remembered.set(subject, { key, until: at + REMEMBERED_MS });
    return key;
  }
}
