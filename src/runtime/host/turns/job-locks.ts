import { lockRenewalMs, type JobLock, type TurnQueue } from '../../../engine/index.ts';

export interface JobLocksOptions {
  readonly queue: TurnQueue;
  readonly lockMs: number;
  /** Called with ids of jobs that this worker holds no longer. */
  readonly onLost: (jobIds: readonly string[]) => void;
}

/** The locks of the jobs that a worker has claimed, from the take until their ends are written. They are renewed in one trip. */
export class JobLocks {
  readonly #options: JobLocksOptions;
  /** By token. */
  readonly #locks = new Map<string, JobLock>();
  /** Tokens of those whose locks are gone: said once, and not asked for again. */
  readonly #lost = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;
  #whenNone: (() => void)[] = [];

  constructor(options: JobLocksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#locks.size;
  }

  add({ jobId, token }: JobLock): void {
    this.#locks.set(token, { jobId, token });
    this.#timer ??= setInterval(() => void this.#renew(), lockRenewalMs(this.#options.lockMs)).unref();
  }

  delete({ token }: Pick<JobLock, 'token'>): void {
    this.#locks.delete(token);
    this.#lost.delete(token);
    if (this.#locks.size > 0) return;
    this.stop();
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  none(): Promise<void> {
    if (this.#locks.size === 0) return Promise.resolve();
    return new Promise(resolve => this.#whenNone.push(resolve));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #renew(): Promise<void> {
    // One that waits for an engine that is away renews what is claimed when it comes back.
    if (this.#renewing) return;
    this.#renewing = true;
    const { queue, lockMs, onLost } = this.#options;
    try {
      const asked = [...this.#locks.values()].filter(({ token }) => !this.#lost.has(token));
      const lost = await queue.extendLocks(asked, lockMs);
      if (lost.length === 0) return;
      for (const { jobId, token } of asked) if (lost.includes(jobId)) this.#lost.add(token);
      onLost(lost);
    } catch {
      // The next one comes soon.
    } finally {
      this.#renewing = false;
    }
  }
}
