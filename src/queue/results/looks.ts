/** Behind the messages, which may be lost: one question for all. This is faster than people read. */
const LOOK_EVERY_MS = 1_000;

export interface LooksOptions {
  /** By their ids: the jobs that somebody waits for or follows now. */
  readonly known: ReadonlyMap<string, unknown>;
  /** Asks the engine for these. It never rejects. */
  readonly look: (ids: readonly string[]) => Promise<void>;
}

/**
 * When the engine is asked for jobs: those that are asked for in one turn of the event loop together, one look at a time, and all of them once a
 * second while there are any.
 */
export class Looks {
  readonly #options: LooksOptions;
  readonly #asked = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  /** Ends are announced: of these jobs, or of nobody knows which. */
  readonly heard = (ids?: readonly string[]): void => {
    const { known } = this.#options;
    this.ask(ids === undefined ? known.keys() : ids.filter(id => known.has(id)));
  };

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  /** From now on there is a look a second. */
  begin(): void {
    this.#timer ??= setInterval(this.heard, LOOK_EVERY_MS).unref();
  }

  /** Nobody is waited for any longer. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  ask(ids: Iterable<string>): void {
    for (const id of ids) this.#asked.add(id);
    if (this.#asked.size === 0 || this.#looking !== undefined) return;
    this.#looking = new Promise<void>(resolve => setImmediate(resolve))
      .then(() => this.#look())
      .finally(() => {
        this.#looking = undefined;
        this.ask([]);
      });
  }

  #look(): Promise<void> {
    const asked = [...this.#asked];
    this.#asked.clear();
    return this.#options.look(asked);
  }
}
