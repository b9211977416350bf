/** Lets few at a time through and few more wait. */
export class Turnstile {
  readonly #atOnce: number;
  readonly #waitingAtMost: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(atOnce: number, waitingAtMost: number) {
    this.#atOnce = atOnce;
    this.#waitingAtMost = waitingAtMost;
  }

  /** Whoever comes now is turned away. */
  get isFull(): boolean {
    return this.#inside >= this.#atOnce && this.#waiting.length >= this.#waitingAtMost;
  }

  /** Does the work when its turn comes; undefined, at once, when too many wait. */
  async pass<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
    if (this.#inside >= this.#atOnce) {
      if (this.isFull) return undefined;
      await new Promise<void>(resolve => this.#waiting.push(resolve));
    } else {
      this.#inside += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on, so nobody slips in between.
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
