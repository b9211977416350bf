import type { PgPool } from 'bullmq';
import type { ListenParts } from '../../../../sessions/index.ts';

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

export interface WorkSignsParts {
  readonly pool: PgPool;
  /** Hears a channel until the signal, on a connection of its own. */
  readonly listen: (parts: Omit<ListenParts, 'pool'>) => void;
}

/**
 * One connection a process, which listens for the work of all its queues: whoever adds work notifies the channel `bullmq_jobs` with the
 * queue's name (BullMQ 6.7.0). An idle process asks whether there is work once every fifteen seconds, whatever the number of its queues.
 */
export class WorkSigns {
  readonly #parts: WorkSignsParts;
  /** The queues that somebody works on. True: it was signed since somebody waited last. */
  readonly #queues = new Map<string, boolean>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();
  #state: 'idle' | 'deaf' | 'listening' = 'idle';
  #look: NodeJS.Timeout | undefined;

  constructor(parts: WorkSignsParts) {
    this.#parts = parts;
  }

  /** From now on no sign of the queue is lost. */
  watch(queue: string): void {
    if (!this.#queues.has(queue)) this.#queues.set(queue, false);
  }

  /** Resolves when the queue was signed, after `dueInMs`, when the signal aborts, or when a look has found work. Never rejects. */
  async wait(queue: string, dueInMs: number | undefined, signal: AbortSignal): Promise<void> {
    const signed = this.#queues.get(queue) === true;
    this.#queues.set(queue, false);
    if (signed || signal.aborted || this.#isClosed() || (dueInMs !== undefined && dueInMs <= 0)) return;
    if (this.#state === 'idle') this.#listen();
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
    this.#closing.abort();
    clearTimeout(this.#look);
    this.#signAll();
  }

  #listen(): void {
    this.#state = 'deaf';
    this.#parts.listen({
      channel: CHANNEL,
      signal: this.#closing.signal,
      called: queue => {
        if (queue !== undefined) return this.#sign(queue);
        this.#state = 'listening';
        // Signs of the time before are lost.
        this.#signAll();
      },
      deaf: () => {
        this.#state = 'deaf';
        this.#signAll();
      },
    });
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
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
      if (asked.length > 0) {
        const { rows } = await this.#parts.pool.query<QueueRow>(WAITING, [asked]);
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
