const KEYS_LIMIT = 500;

/** Lets the first of many equal things through, then one each `windowMs` with the number that were suppressed. */
export class Repeats {
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #seen = new Map<string, { since: number; suppressed: number }>();

  constructor(windowMs: number, now: () => number = Date.now) {
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** How many were suppressed since the last that came through; undefined: suppress this one too. */
  admit(key: string): number | undefined {
    const now = this.#now();
    const seen = this.#seen.get(key);
    if (seen !== undefined && now - seen.since < this.#windowMs) {
      seen.suppressed += 1;
      return undefined;
    }
    this.#seen.delete(key);
    const [oldest] = this.#seen.keys();
    if (oldest !== undefined && this.#seen.size >= KEYS_LIMIT) this.#seen.delete(oldest);
    this.#seen.set(key, { since: now, suppressed: 0 });
    return seen?.suppressed ?? 0;
  }
}
