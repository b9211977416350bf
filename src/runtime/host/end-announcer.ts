import type { Engine, JobEnds } from '../../engine/index.ts';

/**
 * Notifies those who wait for results that jobs have ended: what ends in one turn of the event loop goes together. Jobs of contracts without a
 * `result` are left out, and cost nothing.
 */
export class EndAnnouncer {
  readonly #engine: Engine;
  #ends: JobEnds | undefined;
  #ended: string[] = [];

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  ended(jobId: string): void {
    if (this.#ended.push(jobId) > 1) return;
    setImmediate(() => void this.#tell());
  }

  /** Whoever waits looks as well, so a message that is lost costs them a moment. */
  async #tell(): Promise<void> {
    const ended = this.#ended;
    this.#ended = [];
    try {
      this.#ends ??= await this.#engine.ends();
      await this.#ends.announce(ended);
    } catch {
      // The engine is away, which its outage says.
    }
  }
}
