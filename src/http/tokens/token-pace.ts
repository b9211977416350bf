import { InvalidOptionsError } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';

/** So many in `perMs` milliseconds, over time; after a pause as many more may come at once. */
export interface RateLimit {
  readonly max: number;
  readonly perMs: number;
}

/** The rate, as that alone. @throws InvalidOptionsError */
export function requireRate(what: string, rate: unknown): RateLimit {
  if (isRate(rate)) return { max: rate.max, perMs: rate.perMs };
  throw new InvalidOptionsError(
    `Expected ${what} to be 1 to 1,000,000 requests in 1 ms to a day, got ${String(JSON.stringify(rate)).slice(0, 80)}.`,
  );
}

/** A rate as it is written: `100/1s`. Undefined for what is none. @throws what `toMilliseconds` throws, by that name */
export function rateIn(text: string, what: string): RateLimit | undefined {
  const [, max, per] = /^(\d{1,7})\/(.+)$/.exec(text) ?? [];
  return max === undefined ? undefined : { max: Number(max), perMs: toMilliseconds(per as Duration, what) };
}

export function isRate(rate: unknown): rate is RateLimit {
  if (typeof rate !== 'object' || rate === null || !('max' in rate) || !('perMs' in rate)) return false;
  const { max, perMs } = rate;
  const isWithin = (value: unknown, most: number): boolean =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
  return isWithin(max, 1_000_000) && isWithin(perMs, 86_400_000);
}

interface Bucket {
  left: number;
  readonly at: number;
}

const MOST_BUCKETS = 10_000;

/**
 * How fast each token, or each address, may ask this process: a bucket of `max` requests that fills again within `perMs`. In memory: a limit for all
 * processes together would cost each request a trip more than the request itself. Of more than 10,000 the one that was quiet for longest is forgotten.
 */
export class TokenPace {
  readonly #buckets = new Map<string, Bucket>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** 0 where the request may go on, else the milliseconds until one may. */
  take(who: string, limit: RateLimit): number {
    const bucket = this.#bucketOf(who, limit);
    const waitMs = waitFor(bucket, limit);
    if (waitMs === 0) bucket.left -= 1;
    return waitMs;
  }

  /** What was taken, where it was none. */
  giveBack(who: string, limit: RateLimit): void {
    const bucket = this.#bucketOf(who, limit);
    bucket.left = Math.min(limit.max, bucket.left + 1);
  }

  /** As `take`, and takes nothing. */
  waitOf(who: string, limit: RateLimit): number {
    return this.#buckets.has(who) ? waitFor(this.#bucketOf(who, limit), limit) : 0;
  }

  #bucketOf(who: string, { max, perMs }: RateLimit): Bucket {
    const now = this.#now();
    const { left, at } = this.#buckets.get(who) ?? { left: max, at: now };
    const bucket = { left: Math.min(max, left + ((now - at) * max) / perMs), at: now };
    // Taken out and put back: a Map keeps the order of insertion, so the quietest stands first.
    this.#buckets.delete(who);
    const [quietest] = this.#buckets.size >= MOST_BUCKETS ? this.#buckets.keys() : [];
    if (quietest !== undefined) this.#buckets.delete(quietest);
    this.#buckets.set(who, bucket);
    return bucket;
  }
}

function waitFor({ left }: Bucket, { max, perMs }: RateLimit): number {
  return left < 1 ? Math.ceil(((1 - left) * perMs) / max) : 0;
}
