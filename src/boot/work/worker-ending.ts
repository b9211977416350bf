/** When a worker ends, how long its jobs have then, and the code that its process answers. */
export class WorkerEnding {
  readonly #asked = new AbortController();
  #graceMs = 0;
  #code = 0;

  /** Aborts with the first thing that ends the worker. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }

  /** 1 once the worker ended because something was wrong. */
  get code(): number {
    return this.#code;
  }

  /** What was asked last; `unasked` where the worker ends by itself. */
  graceMs(unasked: number): number {
    return this.#asked.signal.aborted ? this.#graceMs : unasked;
  }

  /** The last word counts: a supervisor that stops its worker may shorten what it gave before. */
  ask(graceMs: number): void {
    this.#graceMs = graceMs;
    this.#asked.abort();
  }

  askAsFailed(graceMs: number): void {
    this.#code = 1;
    this.ask(graceMs);
  }
}
