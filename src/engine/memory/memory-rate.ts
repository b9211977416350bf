import type { TakeRate } from '../turns/index.ts';

/** BullMQ's limiter: so many takes in a window, which begins with the first. What the queue's settings say wins over the worker's. */
export class MemoryRate {
  readonly #meta: ReadonlyMap<string, string>;
  /** Of the worker that takes. */
  worker: TakeRate | undefined;
  #points = 0;
  #until = 0;

  constructor(meta: ReadonlyMap<string, string>) {
    this.#meta = meta;
  }

  limitedMs(now: number): number {
    const max = this.#max();
    return max === undefined || this.#until <= now || this.#points < max ? 0 : this.#until - now;
  }

  spend(now: number): void {
    const duration = this.worker?.perMs ?? numberOf(this.#meta.get('duration'));
    if (this.#max() === undefined || duration === undefined) return;
    if (this.#until <= now) {
      this.#points = 0;
      this.#until = now + duration;
    }
    this.#points += 1;
  }

  /** Nothing is taken for so long, whatever the limit. */
  hold(ms: number, now: number): void {
    this.#points = Number.MAX_SAFE_INTEGER;
    this.#until = now + ms;
  }

  /** Whether there was a window. */
  clear(): boolean {
    const was = this.#until > 0;
    this.#until = 0;
    return was;
  }

  leftMs(now: number): number {
    return this.#until > now ? this.#until - now : -2;
  }

  #max(): number | undefined {
    return numberOf(this.#meta.get('max')) ?? this.worker?.max;
  }
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
