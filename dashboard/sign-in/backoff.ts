export interface BackoffOptions {
  /** Tries that cost nothing. */
  readonly free: number;
  /** The first wait; it doubles with each further try. Milliseconds. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** A key that was quiet for so long starts afresh. */
  readonly forgetMs: number;
  /** Keys remembered at most; the one that was quiet longest goes first. */
  readonly capacity: number;
  readonly now: () => number;
}

interface Tries {
  readonly count: number;
  readonly opensAt: number;
  readonly seenAt: number;
}

/** Makes each further failed try of a key wait twice as long. A try counts when it begins, so many at once do not slip through. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #now: () => number;
  readonly #tries = new Map<string, Tries>();

  constructor(options: BackoffOptions) {
    this.#options = options;
    this.#now = options.now;
  }

  get size(): number {
    return this.#tries.size;
  }

  /** The milliseconds until a try may go on; counts none. */
  waitOf(key: string): number {
    const now = this.#now();
    const known = this.#tries.get(key);
    if (known === undefined || now - known.seenAt >= this.#options.forgetMs) return 0;
    return Math.max(0, known.opensAt - now);
  }

  /** Counts a try. Answers the milliseconds to wait when it must not go on, 0 when it may. */
  attempt(key: string): number {
    const now = this.#now();
    const { free, firstMs, longestMs, forgetMs, capacity } = this.#options;
    const before = this.#tries.get(key);
    const known = before !== undefined && now - before.seenAt < forgetMs ? before : undefined;
    if (known !== undefined && now < known.opensAt) return known.opensAt - now;
    const count = (known?.count ?? 0) + 1;
    const wait = count < free ? 0 : Math.min(longestMs, firstMs * 2 ** (count - free));
    // Taken out and put back: a Map keeps the order of insertion, so the quietest stands first.
    this.#tries.delete(key);
    this.#tries.set(key, { count, opensAt: now + wait, seenAt: now });
    if (this.#tries.size > capacity) {
      const [quietest] = this.#tries.keys();
      if (quietest !== undefined) this.#tries.delete(quietest);
    }
    return 0;
  }

  forgive(key: string): void {
    this.#tries.delete(key);
  }
}
