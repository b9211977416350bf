import { isRefusing } from '../../resilience/index.ts';
import type { Outage } from './outage.ts';

const PROBE_EVERY_MS = 1_000;

/**
 * A server that answers and takes no writes (out of memory, a full disk, read-only) is an outage whose end no connection reports. Here it
 * begins with the first write that is refused, and ends when a small write of our own, tried once a second meanwhile, is taken.
 */
export class WriteWatch {
  readonly #outage: Outage;
  readonly #probe: () => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(outage: Outage, probe: () => Promise<unknown>) {
    this.#outage = outage;
    this.#probe = probe;
  }

  /** Called with every error of the server; looks at those that say that it takes no writes. */
  note(error: unknown): void {
    if (isRefusing(error)) this.suspect(error);
  }

  /** Called with a sign that writes are not taken, whatever it is. */
  suspect(error: unknown): void {
    this.#outage.lost(error);
    if (this.#timer === undefined) this.#look();
  }

  /** Connections stand again. While writes are refused that says nothing. */
  connected(): void {
    if (this.#timer === undefined) this.#outage.back();
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => void this.#try(), PROBE_EVERY_MS).unref();
  }

  async #try(): Promise<void> {
    try {
      await this.#probe();
    } catch {
      return this.#look();
    }
    this.#timer = undefined;
    if (!this.#ended) this.#outage.back();
  }
}
