import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

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
    this.#running ??= this.#run();
  }

  onCall(listener: () => void): () => void {
    this.#called.add(listener);
    return () => this.#called.delete(listener);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let client: PoolClient | undefined;
      try {
        client = await this.#pool.connect();
        const lost = Promise.withResolvers<void>();
        client.on('error', () => lost.resolve());
        client.on('end', () => lost.resolve());
        client.on('notification', () => this.#call());
        await client.query(`listen "${this.#channel}"`);
        this.#call();
        const aborted = (): void => lost.resolve();
        signal.addEventListener('abort', aborted, { once: true });
        if (!signal.aborted) await lost.promise;
        signal.removeEventListener('abort', aborted);
      } catch {
        await sleep(500, undefined, { signal }).catch(() => undefined);
      } finally {
        // It listens: nobody else may have it.
        client?.release(true);
      }
    }
  }

  #call(): void {
    for (const each of this.#called) each();
  }
}
