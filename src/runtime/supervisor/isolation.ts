import { UnrecoverableError } from 'bullmq';
import { createScrubber, forgetFields, type App } from '../../contracts/index.ts';
import type { Engine, EngineJob } from '../../engine/index.ts';
import { PoisonJobError } from '../../errors/index.ts';
import type { Facts } from '../../facts/index.ts';
import { readMeta, readStoredJob, traceIdOf } from '../../queue/index.ts';
import { StoredError } from '../stored-error.ts';
import type { BlameBook } from './blame.ts';
import type { ChildWorker, WorkerExit } from './child-worker.ts';
import type { HeldJob } from './messages.ts';

export interface IsolationOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly blame: BlameBook;
  readonly facts: Facts;
  /** Starts a worker that takes no work but what it is given. */
  readonly startWorker: () => ChildWorker;
  /** Resolves true when other workers died together with this one: then the host is at fault, not a job. */
  readonly diedTogether: (worker: ChildWorker) => Promise<boolean>;
}

const LOCK_MS = 30_000;
const KEEP_EVERY_MS = 5_000;

/** Runs suspects one after another, each alone in a process of its own, while the rest of the queue goes on. */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #waiting: HeldJob[] = [];
  #current: { readonly job: HeldJob; readonly worker: ChildWorker } | undefined;
  #keeper: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: IsolationOptions) {
    this.#options = options;
  }

  /** The worker that runs a suspect now. */
  get worker(): ChildWorker | undefined {
    return this.#current?.worker;
  }

  /** What runs alone now. */
  get suspects(): readonly string[] {
    return this.#current === undefined ? [] : [this.#current.job.jobId];
  }

  /** Held here: whoever rescues must leave it alone, although its first worker may be gone. */
  holds(jobId: string): boolean {
    return this.#current?.job.jobId === jobId || this.#waiting.some(job => job.jobId === jobId);
  }

  /** Takes a job over from the worker that holds it. */
  take(job: HeldJob): void {
    if (this.holds(job.jobId)) return;
    this.#waiting.push(job);
    // At once: a queue's lock may be shorter than the first interval.
    void this.#keepLocks();
    this.#keeper ??= setInterval(() => void this.#keepLocks(), KEEP_EVERY_MS);
    if (this.#stopped) void this.#handBackWaiting();
    else this.#next();
  }

  /** Gives back what waits; the one that runs is stopped with the workers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#handBackWaiting();
    clearInterval(this.#keeper);
  }

  #next(): void {
    if (this.#current !== undefined || this.#stopped) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      clearInterval(this.#keeper);
      this.#keeper = undefined;
      return;
    }
    const worker = this.#options.startWorker();
    this.#current = { job, worker };
    const { jobId, jobName, queue } = job;
    this.#options.facts.state('job.isolated', { jobId, jobName, queue, worker: worker.name });
    worker.send({ kind: 'adopt', job });
    void worker.exited
      .then(exit => this.#ended(job, worker, exit))
      .catch(() => undefined)
      .finally(() => {
        this.#current = undefined;
        this.#next();
      });
  }

  /** A clean exit has settled the job or handed it back, unless the job itself ended its process, with whatever code. */
  async #ended(held: HeldJob, worker: ChildWorker, { code }: WorkerExit): Promise<void> {
    const { engine, blame } = this.#options;
    if (code === 0 && !(await this.#isHeld(held))) return;
    const together = worker.leaving || (await this.#options.diedTogether(worker));
    if (together) {
      await engine.handBack(held.queue, [held]);
      return;
    }
    const job = await readStoredJob(await engine.queue(held.queue), held.jobId);
    if (job === undefined) return;
    const { crashes } = await blame.of(held.jobId);
    await this.#bury(held, job, worker, crashes + 1);
    await blame.clear(held.jobId);
  }

  async #isHeld({ queue, jobId, token }: HeldJob): Promise<boolean> {
    const claims = await this.#options.engine.claims(queue);
    return claims.some(claim => claim.jobId === jobId && claim.token === token);
  }

  async #bury(held: HeldJob, job: EngineJob, worker: ChildWorker, crashes: number): Promise<void> {
    const { app, facts } = this.#options;
    const contract = app.jobs.get(job.name);
    const scrub = contract === undefined ? (text: string) => text : createScrubber(contract, job.data);
    const error = new StoredError(new PoisonJobError(job.name, crashes), scrub);
    if (contract !== undefined && contract.retention.forget.length > 0) {
      await job.updateData(forgetFields(contract.retention.forget, job.data));
    }
    const final = new UnrecoverableError(error.message);
    final.stack = error.message;
    await job.moveToFailed(final, held.token, false);
    const meta = readMeta(job.opts.telemetry?.metadata);
    facts.state('job.dead', {
      jobId: held.jobId,
      jobName: job.name,
      queue: held.queue,
      correlationId: meta.correlationId ?? held.jobId,
      traceId: traceIdOf(meta.traceparent),
      attempt: job.attemptsMade,
      worker: worker.name,
      ranMs: Date.now() - worker.startedAt,
      reason: 'poison',
      error,
    });
  }

  async #keepLocks(): Promise<void> {
    const held = [...this.#waiting, ...(this.#current?.worker.ready === false ? [this.#current.job] : [])];
    await Promise.allSettled(
      held.map(async ({ queue, jobId, token }) => {
        const job = await readStoredJob(await this.#options.engine.queue(queue), jobId);
        await job?.extendLock(token, LOCK_MS);
      }),
    );
  }

  async #handBackWaiting(): Promise<void> {
    const { engine } = this.#options;
    await Promise.allSettled(this.#waiting.splice(0).map(held => engine.handBack(held.queue, [held])));
  }
}
