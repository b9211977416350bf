import { hasCode } from '../../src/errors/index.ts';
import { type Engine } from '../../src/engine/index.ts';

export interface Readiness {
  readonly ready: boolean;
  /** For everybody: no host, no version. */
  readonly reasons: readonly string[];
  /** For people who have signed in. */
  readonly details: readonly string[];
}

/** Probes come often and from many sides; the engine is asked once in so long. */
const ASK_EVERY_MS = 2_000;
const AWAY = 'The queue engine cannot be reached.';

/** Whether the dashboard can do its work. */
export class ReadinessProbe {
  readonly #engine: Engine;
  readonly #queuesOpen: () => boolean;
  #asked: { readonly at: number; readonly answer: Promise<Readiness> } | undefined;

  constructor(engine: Engine, queuesOpen: () => boolean) {
    this.#engine = engine;
    this.#queuesOpen = queuesOpen;
  }

  /** Never rejects. */
  ask(): Promise<Readiness> {
    if (this.#asked === undefined || Date.now() - this.#asked.at >= ASK_EVERY_MS) {
      this.#asked = { at: Date.now(), answer: this.#look() };
    }
    return this.#asked.answer;
  }

  async #look(): Promise<Readiness> {
    try {
      const { errors } = await this.#engine.check();
      if (errors.length > 0) return notReady('The queue engine must not be used as it is.', errors);
    } catch (error) {
      if (hasCode(error, 'ENGINE_UNREACHABLE')) return notReady(AWAY, [AWAY]);
      return notReady('The queue engine could not be checked.', [messageOf(error)]);
    }
    const opening = 'The queues are not open yet.';
    return this.#queuesOpen() ? { ready: true, reasons: [], details: [] } : notReady(opening, [opening]);
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
