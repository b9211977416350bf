import type { PgPool, PgPoolClient } from 'bullmq';

/** Behind the notifications, which a broken connection may lose: one question for all queues of the process. */
const LOOK_ANYWAY_MS = 15_000;
/** While the connection that listens is away. */
const LOOK_DEAF_MS = 1_000;
const LONGEST_TIMER_MS = 0x7fff_ffff;

const CHANNEL = 'bullmq_jobs';
const WAITING = `SELECT DISTINCT queue FROM job WHERE queue = ANY ($1) AND state = 'waiting'`;

interface QueueRow {
  readonly queue: string;
}

/**
 * One connection a process, which listens for the work of all its queues: whoever adds work notifies the channel `bullmq_jobs` with the
 * queue's name (BullMQ 6.7.0). An idle process asks one question every fifteen seconds, whatever the number of its queues.
 */
export class WorkSigns {
  readonly #pool: PgPool;
  /** The queues that somebody works on. True: it was signed since somebody waited last. */
  readonly #queues = new Map<string, boolean>();
  readonly #waiting = new Map<string, Set<() => void>>();
  #state: 'deaf' | 'connecting' | 'listening' | 'closed' = 'deaf';
  #client: PgPoolClient | undefined;
  #look: NodeJS.Timeout | undefined;

  /** The pool must have a connection to spare for it. */
  constructor(pool: PgPool) {
    this.#pool = pool;
  }

  /** From now on no sign of the queue is lost. */
  watch(queue: string): void {
    if (!this.#queues.has(queue)) this.#queues.set(queue, false);
  }

  /** Resolves when the queue was signed, after `dueInMs`, when the signal aborts, or when a look has found work. Never rejects. */
  async wait(queue: string, dueInMs: number | undefined, signal: AbortSignal): Promise<void> {
    const signed = this.#queues.get(queue) === true;
    this.#queues.set(queue, false);
    if (signed || signal.aborted || this.#state === 'closed' || (dueInMs !== undefined && dueInMs <= 0)) return;
    if (this.#state === 'deaf') void this.#listen();
    this.#look ??= setTimeout(() => void this.#lookAnyway(), this.#lookAfterMs());
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    const waiting = this.#waiting.get(queue) ?? new Set();
    this.#waiting.set(queue, waiting.add(wake));
    const timer = dueInMs === undefined ? undefined : setTimeout(wake, Math.min(Math.ceil(dueInMs), LONGEST_TIMER_MS));
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
    waiting.delete(wake);
  }

  close(): void {
    this.#state = 'closed';
    clearTimeout(this.#look);
    this.#client?.release(true);
    this.#client = undefined;
    this.#signAll();
  }

  async #listen(): Promise<void> {
    this.#state = 'connecting';
    let client: PgPoolClient | undefined;
    try {
      client = await this.#pool.connect();
      const own = client;
      const lost = (): void => this.#lost(own);
      client.on('error', lost);
      client.on('end', lost);
      client.on('notification', ({ channel, payload }) => {
        if (channel === CHANNEL && payload !== undefined) this.#sign(payload);
      });
      await client.query(`LISTEN ${CHANNEL}`);
      if (this.#isClosed()) throw new Error('Closed.');
      this.#client = client;
      this.#state = 'listening';
      // Signs of the time before are lost.
      this.#signAll();
    } catch {
      client?.release(true);
      if (!this.#isClosed()) this.#state = 'deaf';
    }
  }

  #lost(client: PgPoolClient): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    client.release(true);
    if (this.#isClosed()) return;
    this.#state = 'deaf';
    this.#signAll();
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #sign(queue: string): void {
    if (!this.#queues.has(queue)) return;
    const waiting = this.#waiting.get(queue);
    if (waiting === undefined || waiting.size === 0) this.#queues.set(queue, true);
    else for (const wake of waiting) wake();
  }

  #signAll(): void {
    for (const queue of this.#queues.keys()) this.#sign(queue);
  }

  #lookAfterMs(): number {
    return this.#state === 'listening' ? LOOK_ANYWAY_MS : LOOK_DEAF_MS;
  }

  /** Ends when nobody waits. */
  async #lookAnyway(): Promise<void> {
    const asked = [...this.#waiting].filter(([, waiting]) => waiting.size > 0).map(([queue]) => queue);
    try {
      if (this.#state === 'deaf') await this.#listen();
      if (asked.length > 0) {
        const { rows } = await this.#pool.query<QueueRow>(WAITING, [asked]);
        for (const { queue } of rows) this.#sign(queue);
      }
    } catch {
      // The engine is away, which its outage reports: whoever waits finds out with its own turn.
      this.#signAll();
    }
    this.#look = undefined;
    if (asked.length > 0 && !this.#isClosed()) {
      this.#look = setTimeout(() => void this.#lookAnyway(), this.#lookAfterMs());
    }
  }
}
