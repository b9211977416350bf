import type { EndedJob, JobPlace } from '../../engine/index.ts';
import { isOutage } from '../../resilience/index.ts';
import type { EndNews } from './end-news.ts';
import { Looks } from './looks.ts';

export type Ended = Exclude<EndedJob, { kind: 'open' }>;

interface Wait extends JobPlace {
  readonly ended: (end: Ended) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Everybody in this process who waits for a job to end. The first to wait begins to listen, on one connection; who comes is looked up once,
 * together with those who come in the same turn of the event loop, and then nothing is asked for it but the one look a second for all.
 */
export class EndWaits {
  readonly #news: EndNews;
  readonly #waits = new Map<string, Set<Wait>>();
  readonly #looks = new Looks({ known: this.#waits, look: ids => this.#look(ids) });

  constructor(news: EndNews) {
    this.#news = news;
  }

  /** Resolves when the job has ended, or is not there. Rejects with the signal's reason; an engine that is away is waited for. */
  wait({ queue, id }: JobPlace, signal: AbortSignal): Promise<Ended> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<Ended>();
    const wait: Wait = { queue, id, ended: resolve, failed: reject };
    const waits = this.#waits.get(id) ?? new Set();
    this.#waits.set(id, waits.add(wait));
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#news.hear(this.#looks.heard);
    this.#looks.begin();
    this.#looks.ask([id]);
    return promise.finally(() => {
      signal.removeEventListener('abort', abort);
      waits.delete(wait);
      if (waits.size === 0 && this.#waits.get(id) === waits) this.#waits.delete(id);
      if (this.#waits.size === 0) this.#looks.end();
    });
  }

  /** Nobody waits any longer. */
  close(error: Error): void {
    for (const waits of this.#waits.values()) for (const { failed } of waits) failed(error);
  }

  async #look(ids: readonly string[]): Promise<void> {
    const asked = ids.flatMap(id => [...(this.#waits.get(id) ?? [])]);
    // Of those who wait for one job, one is asked for. An id of another program may stand in several queues.
    const waits = Map.groupBy(asked, ({ queue, id }) => `${queue}/${id}`);
    const places = [...waits.values()].flatMap(([first]) => first ?? []);
    if (places.length === 0) return;
    try {
      const ends = await (await this.#news.open()).read(places);
      for (const [index, { queue, id }] of places.entries()) {
        const end = ends[index];
        if (end === undefined || end.kind === 'open') continue;
        for (const wait of this.#waits.get(id) ?? []) if (wait.queue === queue) wait.ended(end);
      }
    } catch (error) {
      // It is looked again within a second, until the time of those who wait is over.
      if (!isOutage(error)) for (const { failed } of asked) failed(error);
    }
  }
}
