/** For one mail, whatever the server does: it may answer a byte now and then. Runs have a shorter one of their own. */
const LIMIT_MS = 60_000;
/** How long a mail that is on its way when its run is stopped may still be answered. Less than a stop allows for handing jobs back. */
const LAST_ANSWER_MS = 250;

/** When a conversation is cut: a moment after its run is stopped, since an answer that still comes leaves no doubt, or at the limit. */
export class Patience {
  readonly #cut = new AbortController();
  readonly #stop: AbortSignal;
  #timer: NodeJS.Timeout;

  constructor(stop: AbortSignal) {
    this.#stop = stop;
    this.#timer = setTimeout(this.#end, LIMIT_MS);
    stop.addEventListener('abort', this.#hurry, { once: true });
  }

  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  /** The conversation has ended. */
  over(): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener('abort', this.#hurry);
  }

  readonly #end = (): void => this.#cut.abort();

  readonly #hurry = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#end, LAST_ANSWER_MS);
  };
}
