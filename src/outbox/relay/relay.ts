import { requireShape, type KnownOptions } from '../../errors/index.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { bareError } from '../../privacy/index.ts';
import type { Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { AddingQueues } from '../../queue/index.ts';
import { forgetOld } from './forget.ts';
import type { EntryKind, EventSink, SentBatch } from './send-batch.ts';
import { shareOutboxSecret } from '../outbox-secret.ts';
import { requireMilliseconds } from '../require-milliseconds.ts';
import { askWithin, listen } from '../../sessions/index.ts';
import { SendLoop } from './send-loop.ts';
import { tablesOf, type Sql, type Tables } from '../tables.ts';
import { sleepOrStop } from '../../time/index.ts';

export interface RelayOptions {
  /** Connects to the database that the app's transactions write to. The relay uses up to four of its connections. */
  readonly pool: Pool;
  /** Where jobs go; opened as a producer. */
  readonly engine: Engine;
  /** Where events go. Without one they wait for a relay that has one. */
  readonly bus?: EventSink;
  readonly namespace?: string | undefined;
  readonly facts?: Facts;
  /** The relay looks so often when no transaction has called it; 1 s by default. */
  readonly pollEveryMs?: number;
  /** How often the lag is stated; 5 s by default. */
  readonly lagEveryMs?: number;
  /** The relay forgets jobs whose end was never recorded after so long; 30 days by default. */
  readonly keepSentForMs?: number;
  /** The relay forgets keys of `once` and `onceInTransaction` after so long; 90 days by default. */
  readonly keepSeenForMs?: number;
}

const KNOWN: KnownOptions<RelayOptions> = {
  pool: true,
  engine: true,
  bus: true,
  namespace: true,
  facts: true,
  pollEveryMs: true,
  lagEveryMs: true,
  keepSentForMs: true,
  keepSeenForMs: true,
};

/** A batch takes milliseconds, and rarely more where the bus is slow. */
const STOP_MS = 5_000;
const ANSWER_MS = 10_000;
const FORGET_MS = 60_000;
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
  readonly #loops: readonly SendLoop[];
  /** What cannot be sent now. */
  readonly #stalled = new Set<EntryKind>();
  #running: Promise<void> | undefined;

  /** @throws InvalidConfigError for a namespace that is not valid, InvalidOptionsError for a time that is not */
  constructor(options: RelayOptions) {
    requireShape('the options of a Relay', options, KNOWN, { pool: 'an object', engine: 'an object' });
    const { lagEveryMs, keepSentForMs, keepSeenForMs } = options;
    requireMilliseconds({ pollEveryMs: options.pollEveryMs, lagEveryMs }, 1);
    requireMilliseconds({ keepSentForMs, keepSeenForMs }, 0);
    this.#options = options;
    this.#tables = tablesOf(options.namespace);
    this.#facts = options.facts ?? new Facts();
    const { pool, engine, bus, pollEveryMs = 1_000 } = options;
    const store = { engine, adding: new AddingQueues(engine) };
    // Without a bus events wait.
    const kinds: readonly EntryKind[] = bus === undefined ? ['job'] : ['job', 'event'];
    this.#loops = kinds.map(
      kind =>
        new SendLoop({
          kind,
          pool,
          store,
          bus,
          pollEveryMs,
          tables: this.#tables,
          sent: (batch, tookMs) => this.#emit(batch, tookMs),
          outage: (what, error) => this.#outage(what, error),
        }),
    );
  }

  /** Begins. Repeated calls are one. It never rejects: it waits for what is away. */
  start(): void {
    this.#running ??= this.#run();
  }

  /**
   * Ends after the batches that are under way; at most after `timeoutMs`, for a database that does not answer: what was sent and not
   * recorded by then is sent again, with the same ids.
   */
  async stop(timeoutMs = STOP_MS): Promise<void> {
    this.#stop.abort();
    const ended = new AbortController();
    await Promise.race([this.#running, sleep(timeoutMs, undefined, { signal: ended.signal }).catch(() => undefined)]);
    ended.abort();
  }

  async #run(): Promise<void> {
    // A connection that has gone silent must not keep what can be sent.
    const shared = await Promise.race([this.#share(), sleepOrStop(2_000, this.#stop.signal).then(() => false)]);
    const loops = this.#loops.map(loop => loop.run(this.#stop.signal));
    if (!shared) loops.push(this.#shareLater());
    await Promise.all([...loops, this.#listen(), this.#emitLag(), this.#forget()]);
  }

  #wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  /** Wakes the loops when a transaction has committed something. The loops poll too, so that a lost call costs a second. */
  #listen(): Promise<void> {
    return listen({
      pool: this.#options.pool,
      channel: this.#tables.channel,
      called: () => this.#wake(),
      signal: this.#stop.signal,
    });
  }

  async #emitLag(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleepOrStop(this.#options.lagEveryMs ?? 5_000, signal);
      if (signal.aborted) return;
      try {
        this.#facts.emit('outbox.lag', await readLag(this.#sql(ANSWER_MS), this.#tables));
      } catch {
        // Away; `outbox.stalled` has said so.
      }
    }
  }

  /**
   * Without SHIFTWORK_SECRET the outbox and the engine have one secret of their own, so that a job has the same id by either way. Asked
   * once before anything is sent: what the first event leads to behind a bus must not make another one.
   */
  async #share(): Promise<boolean> {
    const { pool, engine, namespace } = this.#options;
    return shareOutboxSecret(pool, engine, namespace).then(
      () => true,
      // The database or the engine is away; `outbox.stalled` says so.
      () => false,
    );
  }

  async #shareLater(): Promise<void> {
    const { signal } = this.#stop;
    do await sleepOrStop(1_000, signal);
    while (!signal.aborted && !(await this.#share()));
  }

  async #forget(): Promise<void> {
    const { signal } = this.#stop;
    const { keepSentForMs: sentMs = 30 * DAY_MS, keepSeenForMs: seenMs = 90 * DAY_MS } = this.#options;
    while (!signal.aborted) {
      await sleepOrStop(60_000, signal);
      if (signal.aborted) return;
      await forgetOld(this.#sql(FORGET_MS), this.#tables, { sentMs, seenMs }).catch(() => undefined);
    }
  }

  #emit({ jobs, events, stuck }: SentBatch, tookMs: number): void {
    if (jobs + events > 0) this.#facts.emit('outbox.relayed', { jobs, events, tookMs });
    for (const each of stuck) this.#facts.emit('outbox.stuck', each);
  }

  /** One outage of the database is an outage for both kinds. */
  #outage(kind: EntryKind, error: Error | undefined): void {
    const wasStalled = this.#stalled.size > 0;
    if (error === undefined) this.#stalled.delete(kind);
    else this.#stalled.add(kind);
    if (error !== undefined && !wasStalled) this.#facts.emit('outbox.stalled', { error: bareError(error) });
    if (wasStalled && this.#stalled.size === 0) this.#facts.emit('outbox.resumed', {});
  }

  /** The pool, with a time limit for each statement. */
  #sql(limitMs: number): Sql {
    return { query: (text, values) => askWithin(this.#options.pool, limitMs, text, values) };
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
