import { CallTimeoutError } from './call-timeout-error.ts';

export interface ProgressParts {
  /** Completes "Expected ... to settle". */
  readonly what: string;
  /** A round that has not ended by then makes no progress. */
  readonly limitMs: number;
  /** Called once when it stands still, with why. */
  readonly stalled: (error: Error) => void;
  /** Called once when it goes on again. */
  readonly resumed: () => void;
}

/** Watches over something that is done in rounds, again and again: says it once when a round fails or does not end, and once when one ends well again. */
export class Progress {
  readonly #parts: ProgressParts;
  #timer: NodeJS.Timeout | undefined;
  #isStalled = false;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
  }

  begun(): void {
    const { what, limitMs } = this.#parts;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stall(new CallTimeoutError(what, limitMs)), limitMs).unref();
  }

  ended(): void {
    this.stop();
    if (!this.#isStalled) return;
    this.#isStalled = false;
    this.#parts.resumed();
  }

  failed(error: Error): void {
    this.stop();
    this.#stall(error);
  }

  /** Nobody waits for the round any more. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #stall(error: Error): void {
    if (this.#isStalled) return;
    this.#isStalled = true;
    this.#parts.stalled(error);
  }
}
