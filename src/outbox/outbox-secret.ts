import { InvalidConfigError } from '../config/index.ts';
import type { Engine } from '../engine/index.ts';
import { checkSecrets, knownSecrets, type GivenSecrets, type Secrets, type SecretSource } from '../secrets/index.ts';
import { openState, ownSecret } from '../state/index.ts';
import { tablesOf, type Sql, type SqlTransaction, type Tables } from './tables.ts';

/** How long what stands in the table is gone by. */
const READ_AGAIN_MS = 60_000;

/**
 * What an outbox keys its ids with: SHIFTWORK_SECRET where it was given, else the installation's own, of which the relay keeps a copy
 * beside the entries: an app that writes into its database must not wait for the engine.
 */
export class OutboxSecret {
  readonly #tables: Tables;
  readonly #source: SecretSource | undefined;
  #read: { readonly secrets: Secrets; readonly until: number } | undefined;

  /** @throws InvalidConfigError when a secret is none */
  constructor(tables: Tables, given: GivenSecrets & { readonly secrets?: SecretSource | undefined }) {
    this.#tables = tables;
    const { secret } = checkSecrets({ secret: given.secret });
    this.#source = given.secrets ?? (secret === undefined ? undefined : knownSecrets(secret));
  }

  /** Undefined until somebody has published. */
  get known(): Secrets | undefined {
    return this.#source?.known ?? this.#read?.secrets;
  }

  /** Rejects with what the database says; with InvalidConfigError where its tables are of an older release. */
  async for(tx: SqlTransaction): Promise<Secrets> {
    if (this.#source !== undefined) return this.#source.load();
    if (this.#read !== undefined && performance.now() < this.#read.until) return this.#read.secrets;
    const secrets = knownSecrets(await readSecret(tx, this.#tables)).known;
    this.#read = { secrets, until: performance.now() + READ_AGAIN_MS };
    return secrets;
  }
}

/**
 * Makes the copy beside the entries and the engine's own secret one, so that a job has the same id by either way. Nothing to do with
 * SHIFTWORK_SECRET. Repeating it changes nothing. Rejects while one of both is away.
 */
export async function shareOutboxSecret(sql: Sql, engine: Engine, namespace?: string): Promise<void> {
  if (engine.secrets.secret !== undefined) return;
  const tables = tablesOf(namespace);
  const here = await readSecret(sql, tables);
  const own = await ownSecret(await openState(engine), here);
  if (own !== here) await sql.query(`update ${tables.secret} set value = $1`, [own]);
}

const ASKED = 'select value from';

/** Whether a statement asks for the copy, for a transaction that is no database's: it answers a row with the `value`. */
export function asksForSecret(text: string): boolean {
  return text.startsWith(ASKED);
}

async function readSecret(sql: SqlTransaction, { secret, schema }: Tables): Promise<string> {
  const result = await sql.query(`${ASKED} ${secret} limit $1`, [1]);
  const rows: unknown = typeof result === 'object' && result !== null && 'rows' in result ? result.rows : undefined;
  const [row]: readonly unknown[] = Array.isArray(rows) ? rows : [];
  if (typeof row === 'object' && row !== null && 'value' in row && typeof row.value === 'string') return row.value;
  throw new InvalidConfigError([
    `Expected the table "${schema}".secret to hold the outbox's secret, found nothing in it. Run shiftwork migrate.`,
  ]);
}
