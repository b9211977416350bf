import type { Room } from '../stores/journal-store.ts';

/** What the bound of successes should reach back to, once it is in use. */
const SPAN_MS = 86_400_000;
/** Above so much of the bound, successes are sampled. */
const SPARE = 0.5;
/** After a quiet while so much time's worth is kept at once. */
const BURST_MS = 1_800_000;
/** Of each contract in each minute, whatever the others do: what runs seldom stays visible. */
const ALWAYS = 5;
const MINUTE_MS = 60_000;

/**
 * Decides which successes the journal keeps. All of them while half of the bound is free; then so many bytes in a while that the bound reaches back for
 * a day, shared by all processes that write. It counts by this process's own time.
 */
export class Sampling {
  readonly #bytes: number;
  #rate = Number.POSITIVE_INFINITY;
  #budget = 0;
  #at: number;
  #minute = 0;
  readonly #seen = new Map<string, number>();

  /** `bytes`: of the bound; `now`: milliseconds, that only grow. */
  constructor(bytes: number, now: number) {
    this.#bytes = bytes;
    this.#at = now;
  }

  learn({ filled, writers }: Room): void {
    const wasFree = this.#rate === Number.POSITIVE_INFINITY;
    this.#rate = filled < SPARE ? Number.POSITIVE_INFINITY : this.#bytes / SPAN_MS / Math.max(1, writers);
    if (wasFree && this.#rate !== Number.POSITIVE_INFINITY) this.#budget = 0;
  }

  keeps(contract: string, bytes: number, now: number): boolean {
    if (this.#rate === Number.POSITIVE_INFINITY) {
      this.#at = now;
      return true;
    }
    this.#budget = Math.min(this.#rate * BURST_MS, this.#budget + (now - this.#at) * this.#rate);
    this.#at = now;
    if (this.#budget < bytes && !this.#isRare(contract, now)) return false;
    this.#budget = Math.max(0, this.#budget - bytes);
    return true;
  }

  #isRare(contract: string, now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) this.#seen.clear();
    this.#minute = minute;
    const seen = (this.#seen.get(contract) ?? 0) + 1;
    this.#seen.set(contract, seen);
    return seen <= ALWAYS;
  }
}
