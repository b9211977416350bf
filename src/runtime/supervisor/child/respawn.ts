const QUICK_MS = 10_000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before a dead worker is replaced: not at all after a single death, ever longer while workers die young, with
 * jitter so that a fleet does not beat in time.
 */
export class Respawn {
  #quick = 0;

  /** Milliseconds. */
  delayAfter(uptimeMs: number): number {
    this.#quick = uptimeMs < QUICK_MS ? this.#quick + 1 : 0;
    if (this.#quick <= 1) return 0;
    return Math.min(LONGEST_MS, 100 * 2 ** (this.#quick - 2)) * (0.5 + Math.random() / 2);
  }
}
