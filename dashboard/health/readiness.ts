import { hasCode } from '../../src/errors/index.ts';
import { type Engine } from '../../src/engine/index.ts';
import { openState } from '../../src/state/index.ts';

export interface Readiness {
  readonly ready: boolean;
  /** For everybody: no host, no version. */
  readonly reasons: readonly string[];
  /** For people who have signed in. */
  readonly details: readonly string[];
}

/** Probes come often and from many sides; the engine is asked once in so long. */
const ASK_EVERY_MS = 2_000;
/**
 * Whether the engine may be used is a long question: every right is tried. While it may, that is asked once in so long, and
 * between two whether it answers.
 */
const CHECK_EVERY_MS = 60_000;
const AWAY = 'The queue engine cannot be reached.';

/** Whether the dashboard can do its work. */
export class ReadinessProbe {
  readonly #engine: Engine;
  readonly #queuesOpen: () => boolean;
  #foundWellAt = -Infinity;
  #asked: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;

  constructor(engine: Engine, queuesOpen: () => boolean) {
    this.#engine = engine;
    this.#queuesOpen = queuesOpen;
  }

  /** Never rejects. Who has just heard from the engine by other ways may take an older answer. */
  ask(freshMs = ASK_EVERY_MS): Promise<Readiness> {
    if (this.#asked === undefined || performance.now() - this.#asked.at >= freshMs) {
      this.#asked = { at: performance.now(), answer: this.#look() };
    }
    return this.#asked.answer;
  }

  async #look(): Promise<Readiness> {
    try {
      const errors = await this.#errors();
      if (errors.length > 0) return notReady('The queue engine must not be used as it is.', errors);
    } catch (error) {
      this.#foundWellAt = -Infinity;
      if (hasCode(error, 'ENGINE_UNREACHABLE')) return notReady(AWAY, [AWAY]);
      return notReady('The queue engine could not be checked.', [messageOf(error)]);
    }
    const opening = 'The queues are not open yet.';
    return this.#queuesOpen() ? { ready: true, reasons: [], details: [] } : notReady(opening, [opening]);
  }

  async #errors(): Promise<readonly string[]> {
    if (performance.now() - this.#foundWellAt < CHECK_EVERY_MS) {
      // Any answer will do; there is no such entry. What is wrong beside that it is away, the check says in words.
      const answers = await openState(this.#engine)
        .then(state => state.get('readiness', 'answers'))
        .then(
          () => true,
          () => false,
        );
      if (answers) return [];
    }
    const { errors } = await this.#engine.check();
    this.#foundWellAt = errors.length === 0 ? performance.now() : -Infinity;
    return errors;
  }
}

function notReady(reason: string, details: readonly string[]): Readiness {
  return { ready: false, reasons: [reason], details };
}

function messageOf(error: unknown): string {
  // Ours say what to do; others may quote hosts and commands.
  return hasCode(error, 'ENGINE_CHECK_FAILED')
    ? error.message
    : 'The queue engine could not be checked; the log of the dashboard says why.';
}
