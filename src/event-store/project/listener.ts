import type { Pool } from 'pg';
import { listen } from '../../sessions/index.ts';

/** One connection that hears of appends, for all projections of a process. What it misses, polling finds. */
export class Listener {
  readonly #pool: Pool;
  readonly #channel: string;
  readonly #called = new Set<() => void>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(pool: Pool, channel: string) {
    this.#pool = pool;
    this.#channel = channel;
  }

  start(): void {
    this.#running ??= listen({
      pool: this.#pool,
      channel: this.#channel,
      called: () => this.#call(),
      signal: this.#stop.signal,
    });
  }

  onCall(listener: () => void): () => void {
    this.#called.add(listener);
    return () => this.#called.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #call(): void {
    for (const each of this.#called) each();
  }
}
