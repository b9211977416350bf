import type { Engine, JobEnds } from '../../engine/index.ts';
import { isOutage } from '../../resilience/index.ts';

type Heard = (jobIds?: readonly string[]) => void;

/** What is announced of ends, for everybody in this process: one subscription, begun by the first who listens. */
export class EndNews {
  readonly #engine: Pick<Engine, 'ends'>;
  readonly #listeners = new Set<Heard>();
  #ends: Promise<JobEnds> | undefined;
  #listening = false;

  constructor(engine: Pick<Engine, 'ends'>) {
    this.#engine = engine;
  }

  /** Rejects while the engine is away; asked again it tries again. */
  open(): Promise<JobEnds> {
    this.#ends ??= this.#engine.ends().catch((error: unknown) => {
      this.#ends = undefined;
      throw error;
    });
    return this.#ends;
  }

  /** Begins to listen where nobody does yet; an engine that was away is asked again by each call. */
  hear(heard: Heard): void {
    this.#listeners.add(heard);
    if (this.#listening) return;
    this.#listening = true;
    const tellAll: Heard = ids => {
      for (const listener of this.#listeners) listener(ids);
    };
    this.open()
      .then(ends => ends.listen(tellAll))
      // Where listening is refused (a user without rights to the channel) whoever waits only looks.
      .catch((error: unknown) => (this.#listening = !isOutage(error)));
  }
}
