/** So many in `perMs` milliseconds, over time; after a pause as many more may come at once. */
export interface RateLimit {
  readonly max: number;
  readonly perMs: number;
}

interface Bucket {
  left: number;
  at: number;
}

const MOST_BUCKETS = 10_000;

/**
 * How fast each token may ask this process: a bucket of `max` requests that fills again within `perMs`. In memory: a limit for all processes
 * together would cost each request a trip more than the request itself.
 */
export class TokenPace {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** 0 where the request may go on, else the milliseconds until one may. */
  take(token: string, { max, perMs }: RateLimit): number {
    const now = this.#now();
    const bucket = this.#buckets.get(token) ?? this.#begin(token, max, now);
    bucket.left = Math.min(max, bucket.left + ((now - bucket.at) * max) / perMs);
    bucket.at = now;
    if (bucket.left < 1) return Math.ceil(((1 - bucket.left) * perMs) / max);
    bucket.left -= 1;
    return 0;
  }

  #begin(token: string, max: number, now: number): Bucket {
    // Only ids of tokens that were made get this far; those that were revoked must not pile up all the same.
    if (this.#buckets.size >= MOST_BUCKETS) this.#buckets.clear();
    const bucket = { left: max, at: now };
    this.#buckets.set(token, bucket);
    return bucket;
  }
}
