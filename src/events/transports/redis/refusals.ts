import { reasonOf } from '../../../resilience/index.ts';

/** A key that was deleted, or a server that has just become a replica: over by the next try or the one after. */
const IN_A_ROW = 3;

/**
 * Tells people, once, that the server answers and refuses what a subscription goes on with behind their backs, such as reading: it gets no events
 * meanwhile, nobody's call fails, and no connection is lost. Once more after it had worked again.
 */
export class Refusals {
  readonly #what: string;
  readonly #tell: (warning: string) => void;
  #inARow = 0;
  #reason = '';

  constructor(what: string, tell: (warning: string) => void) {
    this.#what = what;
    this.#tell = tell;
  }

  /** Never rejects. */
  async of(work: Promise<void>): Promise<void> {
    try {
      await work;
      this.worked();
    } catch (error) {
      this.failed(error);
    }
  }

  worked(): void {
    this.#inARow = 0;
  }

  failed(error: unknown): void {
    // A lost connection is stated by the one who holds it.
    if (!(error instanceof Error) || error.name !== 'ReplyError') return;
    const reason = reasonOf(error);
    this.#inARow = reason === this.#reason ? this.#inARow + 1 : 1;
    this.#reason = reason;
    if (this.#inARow !== IN_A_ROW) return;
    this.#tell(`Redis refuses what ${this.#what} needs, so that it may get no events: ${reason}`);
  }
}
