import { reasonOf } from '../../resilience/index.ts';
import { bareError } from '../../privacy/index.ts';
import type { Facts } from '../../facts/index.ts';
import { EngineUnreachableError } from './engine-unreachable-error.ts';

const CLOSED = new Error('Connection is closed.');

export interface OutageListeners {
  readonly onError?: ((error: Error) => void) | undefined;
  readonly onBack?: ((awayMs: number) => void) | undefined;
}

/** Listeners that state an engine's loss and its return. */
export function outageFacts(engine: string, facts: Facts | undefined): OutageListeners {
  return {
    onError: error => facts?.emit('engine.lost', { engine, error }),
    onBack: awayMs => facts?.emit('engine.back', { engine, awayMs }),
  };
}

/** Turns many signs of one outage (every failed attempt of every connection) into one report, and its end into another. */
export class Outage {
  readonly #target: string;
  readonly #listeners: OutageListeners;
  #since: number | undefined;
  #cause: unknown;
  #ended = false;

  constructor(target: string, listeners: OutageListeners) {
    this.#target = target;
    this.#listeners = listeners;
  }

  /** The last sign of the present outage. */
  get cause(): unknown {
    return this.#cause;
  }

  /** `cause` is left out where only the connection's end is known: it then does not hide what the last attempt said. */
  lost(cause?: unknown): void {
    if (this.#ended) return;
    if (cause !== undefined || this.#since === undefined) this.#cause = cause ?? CLOSED;
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#listeners.onError?.(this.error());
  }

  back(): void {
    if (this.#ended || this.#since === undefined) return;
    const awayMs = Math.round(performance.now() - this.#since);
    this.#since = undefined;
    this.#cause = undefined;
    this.#listeners.onBack?.(awayMs);
  }

  /** We close the connections: what they say from now on is no outage. */
  end(): void {
    this.#ended = true;
  }

  /** For a caller who was turned away. */
  error(cause: unknown = this.#cause): EngineUnreachableError {
    return new EngineUnreachableError(
      this.#target,
      reasonOf(cause),
      cause instanceof Error ? { cause: bareError(cause) } : undefined,
    );
  }
}
