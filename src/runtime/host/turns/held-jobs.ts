import { lockRenewalMs, type Held, type TurnQueue } from '../../../engine/index.ts';

export interface HeldJobsOptions {
  readonly queue: TurnQueue;
  readonly lockMs: number;
  /** Called with ids of jobs that this worker holds no longer. */
  readonly onLost: (jobIds: readonly string[]) => void;
}

/** The jobs that a worker holds, from the take until their ends are told. Their locks are renewed in one trip. */
export class HeldJobs {
  readonly #options: HeldJobsOptions;
  /** By token. */
  readonly #held = new Map<string, Held>();
  /** Tokens of those whose locks are gone: said once, and not asked for again. */
  readonly #lost = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;
  #whenNone: (() => void)[] = [];

  constructor(options: HeldJobsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  add({ jobId, token }: Held): void {
    this.#held.set(token, { jobId, token });
    this.#timer ??= setInterval(() => void this.#renew(), lockRenewalMs(this.#options.lockMs)).unref();
  }

  delete({ token }: Pick<Held, 'token'>): void {
    this.#held.delete(token);
    this.#lost.delete(token);
    if (this.#held.size > 0) return;
    this.stop();
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  none(): Promise<void> {
    if (this.#held.size === 0) return Promise.resolve();
    return new Promise(resolve => this.#whenNone.push(resolve));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #renew(): Promise<void> {
    // One that waits for an engine that is away renews what is held when it comes back.
    if (this.#renewing) return;
    this.#renewing = true;
    const { queue, lockMs, onLost } = this.#options;
    try {
      const asked = [...this.#held.values()].filter(({ token }) => !this.#lost.has(token));
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
