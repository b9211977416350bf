import type { MemoryClock } from './clock/memory-clock.ts';

export interface MemoryEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Readonly<Record<string, string | number>>;
}

const EVENTS_KEPT = 1_000;

/** What happened in a queue, for BullMQ's QueueEvents, and the signs that wake whoever waits for work. */
export class MemoryEvents {
  readonly #clock: MemoryClock;
  readonly #events: MemoryEvent[] = [];
  readonly #workers = new Set<() => void>();
  readonly #readers = new Set<() => void>();
  #last = 0;
  /** How often there was a sign: whoever has seen fewer need not wait. */
  #signs = 0;

  constructor(clock: MemoryClock) {
    this.#clock = clock;
  }

  get signs(): number {
    return this.#signs;
  }

  get last(): number {
    return this.#last;
  }

  say(event: string, data: MemoryEvent['data']): number {
    this.#events.push({ id: (this.#last += 1), event, data });
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
    for (const wake of this.#readers) wake();
    return this.#last;
  }

  after(id: number): readonly MemoryEvent[] {
    return this.#events.filter(event => event.id > id);
  }

  /** There may be work. */
  sign(): void {
    this.#signs += 1;
    for (const wake of this.#workers) wake();
  }

  waitForSign(ms: number, signal: AbortSignal): Promise<void> {
    return this.#wait(this.#workers, ms, signal);
  }

  waitForEvent(ms: number, signal: AbortSignal): Promise<void> {
    return this.#wait(this.#readers, ms, signal);
  }

  async #wait(waiting: Set<() => void>, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || ms <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => resolve();
    waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    const giveUp = Number.isFinite(ms) ? this.#clock.after(ms, wake) : undefined;
    await promise;
    giveUp?.();
    signal.removeEventListener('abort', wake);
    waiting.delete(wake);
  }
}
