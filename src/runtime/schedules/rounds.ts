import { toError } from '../../errors/index.ts';
import { Progress } from '../../resilience/index.ts';

export interface RoundsOptions {
  readonly what: string;
  readonly round: () => Promise<void>;
  /** Until the next one; undefined: there is none. */
  readonly pauseMs: () => number | undefined;
  readonly stalled: (error: Error) => void;
  readonly resumed: () => void;
}

/** A round takes milliseconds, or a few seconds where much is due: one that has not ended by then is no progress. */
const STILL_MS = 15_000;

/** One round after the other, until it is stopped. That they fail, or do not end, is said once, and that they go on. */
export class Rounds {
  readonly #options: RoundsOptions;
  readonly #progress: Progress;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: RoundsOptions) {
    this.#options = options;
    const { what, stalled, resumed } = options;
    this.#progress = new Progress({ what, limitMs: STILL_MS, stalled, resumed });
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  start(): void {
    const { round, pauseMs } = this.#options;
    const next = (): void => {
      this.#progress.begun();
      this.#running = round()
        .then(
          () => this.#progress.ended(),
          (error: unknown) => this.#progress.failed(toError(error)),
        )
        .finally(() => {
          const pause = pauseMs();
          if (this.#isStopped) return;
          if (pause === undefined) this.#progress.stop();
          else this.#timer = setTimeout(next, pause);
        });
    };
    next();
  }

  /** Resolves when the round that is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    this.#progress.stop();
  }
}
