import { RequestRefusedError } from '../exchange/request-refused-error.ts';

/** How many streams there may be at once in one process. */
export class StreamCaps {
  readonly #perCaller: number;
  readonly #inAll: number;
  readonly #open = new Map<string, number>();
  #count = 0;

  constructor(perCaller: number, inAll: number) {
    this.#perCaller = perCaller;
    this.#inAll = inAll;
  }

  /** Answers how to leave. @throws RequestRefusedError 429 for the caller's share, 503 where all are taken */
  enter(caller: string): () => void {
    const headers = { 'Retry-After': '5' };
    const own = this.#open.get(caller) ?? 0;
    if (own >= this.#perCaller) {
      throw new RequestRefusedError(429, `Expected at most ${this.#perCaller} streams at once.`, { headers });
    }
    if (this.#count >= this.#inAll) {
      throw new RequestRefusedError(503, 'Expected fewer streams at once in this process.', { headers });
    }
    this.#open.set(caller, own + 1);
    this.#count += 1;
    return () => {
      this.#count -= 1;
      const left = (this.#open.get(caller) ?? 1) - 1;
      if (left === 0) this.#open.delete(caller);
      else this.#open.set(caller, left);
    };
  }
}
