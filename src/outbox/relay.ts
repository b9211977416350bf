import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';
import type { Engine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { backoffDelay, exponential } from '../resilience/index.ts';
import { forgetOld } from './forget.ts';
import { sendBatch, type EventSink, type SentBatch } from './send-batch.ts';
import { tablesOf, type Sql, type Tables } from './tables.ts';

export interface RelayOptions {
  /** Of the database that the app's transactions write to. Two connections are used. */
  readonly pool: Pool;
  /** Where jobs go; opened as a producer. */
  readonly engine: Engine;
  /** Where events go; without one they wait for a relay that has one. */
  readonly bus?: EventSink;
  readonly namespace?: string | undefined;
  readonly facts?: Facts;
  /** How often it looks when nobody has called; 1 s by default. */
  readonly pollEveryMs?: number;
  /** How often the lag is stated; 5 s by default. */
  readonly lagEveryMs?: number;
  /** Jobs whose end was never recorded are forgotten after so long; 30 days by default. */
  readonly keepSentForMs?: number;
  /** Keys of `once` and `onceInTransaction` are forgotten after so long; 90 days by default. */
  readonly keepSeenForMs?: number;
}

const OUTAGE = exponential({ from: '200ms', to: '5s' });
const DAY_MS = 86_400_000;
const COUNTED_AT_MOST = 100_000;

/**
 * Brings what was committed to the engine and to the bus. Any number of relays may run: each works on slots that no other has. One that
 * is killed at any line loses nothing; what it had sent and not recorded is sent again, with the same ids.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #tables: Tables;
  readonly #facts: Facts;
  readonly #stop = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;

  /** @throws InvalidConfigError when the namespace is none */
  constructor(options: RelayOptions) {
    this.#options = options;
    this.#tables = tablesOf(options.namespace);
    this.#facts = options.facts ?? new Facts();
  }

  /** Begins; repeated calls are one. Never rejects: what is away is waited for. */
  start(): void {
    this.#running ??= Promise.all([this.#send(), this.#listen(), this.#tell(), this.#forget()]).then(() => undefined);
  }

  /** Ends after the batch that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#running;
  }

  async #send(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const startedAt = Date.now();
      let outage: unknown;
      let more = false;
      try {
        const batch = await this.#batch();
        ({ outage, more } = batch);
        this.#state(batch, Date.now() - startedAt);
      } catch (error) {
        outage = error;
      }
      if (outage !== undefined) {
        failures += 1;
        if (failures === 1) this.#facts.state('outbox.held', { error: toError(outage) });
        await this.#pause(backoffDelay(OUTAGE, failures), signal);
        continue;
      }
      if (failures > 0) this.#facts.state('outbox.flowing', {});
      failures = 0;
      if (!more) await this.#pause(this.#options.pollEveryMs ?? 1_000, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  async #batch(): Promise<SentBatch> {
    const { pool, engine, bus } = this.#options;
    const client = await pool.connect();
    let broken: Error | undefined;
    // While it is lent out the pool does not listen, and an error without a listener ends the process.
    const lost = (error: Error): void => void (broken = error);
    client.on('error', lost);
    try {
      await client.query('begin');
      const batch = await sendBatch({ sql: client, tables: this.#tables, engine, bus });
      await client.query('commit');
      return batch;
    } catch (error) {
      broken = toError(error);
      throw error;
    } finally {
      client.off('error', lost);
      // A connection in an unknown state goes, and its transaction with it.
      client.release(broken);
    }
  }

  /** Wakes the sender when something was committed. Polling stands behind it. */
  async #listen(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await this.#options.pool.connect();
        const lost = Promise.withResolvers<void>();
        client.on('error', () => lost.resolve());
        client.on('notification', () => this.#wake.abort());
        await client.query(`listen "${this.#tables.channel}"`);
        this.#wake.abort();
        await Promise.race([lost.promise, aborted(signal)]);
      } catch {
        await this.#pause(1_000, signal);
      } finally {
        client?.release(true);
      }
    }
  }

  async #tell(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#pause(this.#options.lagEveryMs ?? 5_000, signal);
      if (signal.aborted) return;
      try {
        const { pool } = this.#options;
        this.#facts.state('outbox.lag', await readLag(pool, this.#tables));
      } catch {
        // Away; `outbox.held` has said so.
      }
    }
  }

  async #forget(): Promise<void> {
    const { signal } = this.#stop;
    const { pool, keepSentForMs: sentMs = 30 * DAY_MS, keepSeenForMs: seenMs = 90 * DAY_MS } = this.#options;
    while (!signal.aborted) {
      await this.#pause(60_000, signal);
      if (signal.aborted) return;
      await forgetOld(pool, this.#tables, { sentMs, seenMs }).catch(() => undefined);
    }
  }

  #state({ jobs, events, stuck }: SentBatch, tookMs: number): void {
    if (jobs + events > 0) this.#facts.state('outbox.relayed', { jobs, events, tookMs });
    for (const each of stuck) this.#facts.state('outbox.stuck', each);
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}

/** How much waits (counted up to 100,000), and for how long the oldest has. */
export async function readLag(
  sql: Sql,
  { entry }: Tables,
): Promise<{ readonly pending: number; readonly oldestMs: number }> {
  const { rows } = await sql.query(
    `select count(*)::int as pending,
            (extract(epoch from clock_timestamp() - min(created_at)) * 1000)::float8 as oldest
     from (select created_at from ${entry} where sent_at is null and stuck is null limit ${COUNTED_AT_MOST}) e`,
  );
  const [row] = rows as { readonly pending: number; readonly oldest: number | null }[];
  return { pending: row?.pending ?? 0, oldestMs: Math.max(0, Math.round(row?.oldest ?? 0)) };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function toError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error('It failed without saying why.');
}
