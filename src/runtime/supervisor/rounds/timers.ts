/** The timers of a service, which all end with it. */
export class Timers {
  readonly #timers = new Set<NodeJS.Timeout>();

  /** Does not keep the process alive. */
  after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }

  /** Does not resolve any more once the timers have ended. */
  passed(ms: number): Promise<void> {
    return new Promise(resolve => this.after(ms, resolve));
  }

  every(ms: number, act: () => void): void {
    this.#timers.add(setInterval(act, ms));
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
