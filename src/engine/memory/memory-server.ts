import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { REAL_CLOCK, type MemoryClock } from './clock/memory-clock.ts';
import { MemoryBatchBook } from './memory-batches.ts';
import { tellParent } from './memory-family.ts';
import { MemoryGate } from './memory-gate.ts';
import type { MemoryJob } from './memory-job.ts';
import { MemoryQueue } from './memory-queue.ts';

/** As a driver says it when nothing listens. */
class Refused extends Error {
  readonly code = 'ECONNREFUSED';

  constructor() {
    super('The engine in memory was taken away.');
  }
}

/** As a driver says it when an answer does not come. */
class TimedOut extends Error {
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('The engine in memory did not answer in time.');
  }
}

/**
 * What a server would be: it holds queues, outlives the engines that use it, and can be taken away or frozen. Engines of one process that
 * are opened with the same `memory://NAME` share one.
 */
export class MemoryServer {
  readonly name: string;
  readonly clock: MemoryClock;
  readonly gate = new MemoryGate();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #batches = new Map<string, MemoryBatchBook>();
  /** Workers and readers of events by their connection's name, for BullMQ's list of workers. */
  readonly clients = new Set<string>();
  readonly #onAdded: ((job: MemoryJob, queue: string) => void) | undefined;
  readonly #listeners = new Map<string, Set<(jobIds?: readonly string[]) => void>>();
  #state: 'up' | 'down' | 'frozen' = 'up';
  #changed = Promise.withResolvers<void>();

  /** `onAdded` is called with each new job and its queue. */
  constructor(name: string, clock: MemoryClock = REAL_CLOCK, onAdded?: (job: MemoryJob, queue: string) => void) {
    this.name = name;
    this.clock = clock;
    this.#onAdded = onAdded;
  }

  queueNames(namespace: string): readonly string[] {
    const own = `${namespace}/`;
    return [...this.#queues].flatMap(([key, queue]) =>
      key.startsWith(own) && queue.isKnown ? [key.slice(own.length)] : [],
    );
  }

  queue(namespace: string, name: string): MemoryQueue {
    const key = `${namespace}/${name}`;
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    const queue = new MemoryQueue(
      name,
      this.clock,
      job => this.#onAdded?.(job, name),
      job => tellParent(job, name, other => this.queue(namespace, other)),
    );
    this.#queues.set(key, queue);
    return queue;
  }

  batches(namespace: string): MemoryBatchBook {
    const known = this.#batches.get(namespace) ?? new MemoryBatchBook();
    this.#batches.set(namespace, known);
    return known;
  }

  /** Who hears of jobs that have ended. */
  listeners(namespace: string): Set<(jobIds?: readonly string[]) => void> {
    const known = this.#listeners.get(namespace) ?? new Set();
    this.#listeners.set(namespace, known);
    return known;
  }

  /** As if the queue had never been. */
  forget(namespace: string, name: string): void {
    this.#queues.delete(`${namespace}/${name}`);
  }

  /** Every call is refused from now on; what is stored stays. */
  takeAway(): void {
    this.#become('down');
  }

  /** No call is answered from now on. */
  freeze(): void {
    this.#become('frozen');
  }

  bringBack(): void {
    this.#become('up');
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** Resolves when it is there. Rejects when it is away, or does not answer for so long. */
  async reach(limitMs: number, signal: AbortSignal): Promise<void> {
    while (this.#state !== 'up') {
      if (this.#state === 'down') {
        // As a driver does: whoever tries again in a loop lets the loop turn.
        await nextTurn();
        throw new Refused();
      }
      const patience = new AbortController();
      const end = (): void => patience.abort();
      signal.addEventListener('abort', end, { once: true });
      const late = sleep(limitMs, 'late', { signal: patience.signal }).catch(() => 'closed');
      const what = await Promise.race([this.#changed.promise.then(() => 'changed'), late]);
      end();
      signal.removeEventListener('abort', end);
      if (what === 'late') throw new TimedOut();
      if (what === 'closed') throw new Error('Connection is closed.');
    }
  }

  /** Resolves when it has become something else than it is. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  #become(state: 'up' | 'down' | 'frozen'): void {
    if (state === this.#state) return;
    this.#state = state;
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers();
    resolve();
    // Who waited for work has a broken connection, or a new one.
    this.#wake();
  }

  /** Workers take what waits from now on, and look at once. */
  openGate(): void {
    this.gate.open();
    this.#wake();
  }

  #wake(): void {
    for (const queue of this.#queues.values()) queue.events.sign();
  }
}

const servers = new Map<string, MemoryServer>();

/** The one that `memory://NAME` means in this process; made on first use. */
export function memoryServer(name: string): MemoryServer {
  const known = servers.get(name);
  if (known !== undefined) return known;
  const server = new MemoryServer(name);
  servers.set(name, server);
  return server;
}

/** Makes one whose clock a test moves. Its URL must not be in use yet. */
export function memoryServerWith(name: string, clock: MemoryClock): MemoryServer {
  const server = new MemoryServer(name, clock);
  servers.set(name, server);
  return server;
}
