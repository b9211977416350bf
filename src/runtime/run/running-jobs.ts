import { shownJobId } from '../../queue/index.ts';
import type { RunningJob } from './running-job.ts';

/** How finely deadlines are kept: one timer for all runs instead of one each (0.3 us a job saved). */
const SWEEP_MS = 50;

/** A job that ran for less cannot have blocked its process for long. */
const LONG_MS = 1_000;

const ENDED_KEPT = 20;

function nameOf({ queue, jobId }: RunningJob): string {
  return shownJobId({ queue, id: jobId });
}

/** Every run under way in this process, and the one timer that keeps their deadlines. */
export class RunningJobs {
  /**
   * In no order. Not a Set: when V8 renews a Set's table the old one keeps its entries and a link to the new one, so that tables
   * which have grown old hold on to every run that came after them until a full collection (measured: 2 us a job).
   */
  readonly #jobs: RunningJob[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #whenIdle: (() => void)[] = [];
  readonly #endedLong: string[] = [];

  get size(): number {
    return this.#jobs.length;
  }

  /** Those that run now, also when some of them end meanwhile. */
  [Symbol.iterator](): Iterator<RunningJob> {
    return this.#jobs.slice().values();
  }

  /** Ids of other programs are unique in their queue alone. */
  find(jobId: string, queue?: string): RunningJob | undefined {
    for (const job of this.#jobs) if (job.jobId === jobId && (queue === undefined || job.queue === queue)) return job;
    return undefined;
  }

  add(job: RunningJob): void {
    job.slot = this.#jobs.push(job) - 1;
    if (this.#timer !== undefined) return;
    this.#sweptAt = performance.now();
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  delete(job: RunningJob): void {
    const last = this.#jobs.at(-1);
    if (last === undefined || this.#jobs[job.slot] !== job) return;
    last.slot = job.slot;
    this.#jobs[job.slot] = last;
    this.#jobs.pop();
    job.slot = -1;
    if (performance.now() - job.begunAt >= LONG_MS && this.#endedLong.length < ENDED_KEPT)
      this.#endedLong.push(nameOf(job));
    if (this.#jobs.length > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  /**
   * Jobs that may have kept this process busy since this was last asked: those under way, and long ones that have ended.
   */
  takeSuspects(): readonly string[] {
    const running = this.#jobs.slice(0, ENDED_KEPT).map(nameOf);
    return [...this.#endedLong.splice(0), ...running];
  }

  /** Resolves true when nothing runs, false when that took longer than `withinMs`. */
  async idle(withinMs: number): Promise<boolean> {
    if (this.#jobs.length === 0) return true;
    if (withinMs <= 0) return false;
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<false>(resolve => (timer = setTimeout(resolve, withinMs, false)));
    const idle = new Promise<true>(resolve => this.#whenIdle.push(() => resolve(true)));
    try {
      return await Promise.race([idle, timedOut]);
    } finally {
      clearTimeout(timer);
    }
  }

  #sweep(): void {
    if (this.#jobs.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    // While the process was blocked nobody in it could say anything, and heartbeats that were due come after this.
    const lateMs = now - this.#sweptAt - SWEEP_MS;
    this.#sweptAt = now;
    for (const job of this.#jobs) {
      if (lateMs > SWEEP_MS) job.forgive(lateMs);
      if (job.isLate(now)) job.timeOut();
      else if (job.isSilent(now)) job.failSilent();
    }
  }
}
