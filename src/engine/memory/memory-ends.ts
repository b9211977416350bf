import { placeOfKey, type ChildStanding, type EndedJob, type JobEnds, type JobPlace } from '../ends/index.ts';
import type { MemoryServer } from './memory-server.ts';

export interface MemoryEndsOptions {
  readonly server: MemoryServer;
  readonly namespace: string;
  /** Rejects while the server is away. */
  readonly reach: () => Promise<void>;
  readonly signal: AbortSignal;
}

export class MemoryEnds implements JobEnds {
  readonly #options: MemoryEndsOptions;

  constructor(options: MemoryEndsOptions) {
    this.#options = options;
  }

  async read(jobs: readonly JobPlace[]): Promise<readonly EndedJob[]> {
    await this.#options.reach();
    return jobs.map(job => this.#read(job));
  }

  #read({ queue: name, id }: JobPlace): EndedJob {
    const { server, namespace } = this.#options;
    const queue = server.queue(namespace, name);
    const job = queue.jobs.get(id);
    if (job === undefined) {
      const kept = queue.results.get(id);
      return kept !== undefined && kept.until > queue.now()
        ? { kind: 'succeeded', result: kept.json }
        : { kind: 'unknown' };
    }
    if (job.state === 'completed') return { kind: 'succeeded', result: job.result };
    if (job.state !== 'failed') return { kind: 'open' };
    return { kind: 'failed', message: job.failedReason ?? '', lastLine: job.logs.at(-1) };
  }

  async signs(jobs: readonly JobPlace[]): Promise<readonly (string | undefined)[]> {
    await this.#options.reach();
    const { server, namespace } = this.#options;
    return jobs.map(({ queue, id }) => {
      const job = server.queue(namespace, queue).jobs.get(id);
      return job && JSON.stringify([job.state, job.progress, job.attemptsMade, job.attemptsStarted]);
    });
  }

  async children({ queue: name, id }: JobPlace): Promise<readonly ChildStanding[]> {
    await this.#options.reach();
    const { server, namespace } = this.#options;
    const children = [...(server.queue(namespace, name).jobs.get(id)?.children ?? [])];
    return children.map(([key, { state, value }]): ChildStanding => {
      if (state === 'processed') return { ...placeOfKey(key), state: 'succeeded', result: value ?? 'null' };
      if (state === 'pending') return { ...placeOfKey(key), state: 'open' };
      return { ...placeOfKey(key), state: 'failed', message: value ?? '' };
    });
  }

  async forget(jobs: readonly JobPlace[]): Promise<number> {
    await this.#options.reach();
    const { server, namespace } = this.#options;
    return jobs.filter(({ queue, id }) => server.queue(namespace, queue).results.delete(id)).length;
  }

  async dueAt({ queue: name, id }: JobPlace): Promise<number | undefined> {
    await this.#options.reach();
    const { server, namespace } = this.#options;
    const job = server.queue(namespace, name).jobs.get(id);
    return job?.state === 'delayed' ? job.dueAt : undefined;
  }

  async announce(jobIds: readonly string[]): Promise<void> {
    await this.#options.reach();
    const { server, namespace } = this.#options;
    for (const heard of server.listeners(namespace)) heard(jobIds);
  }

  async listen(heard: (jobIds?: readonly string[]) => void): Promise<void> {
    const { server, namespace, signal } = this.#options;
    const listeners = server.listeners(namespace);
    listeners.add(heard);
    signal.addEventListener('abort', () => listeners.delete(heard), { once: true });
    heard();
  }
}
