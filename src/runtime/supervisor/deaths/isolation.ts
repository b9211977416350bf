import { randomUUID } from 'node:crypto';
import { createStoredScrubber, type App } from '../../../contracts/index.ts';
import { keptData } from '../../../privacy/index.ts';
import { memberEnd, type Engine, type EngineJob } from '../../../engine/index.ts';
import { PoisonJobError } from './poison-job-error.ts';
import type { Facts } from '../../../facts/index.ts';
import { jobFieldsOf, readMeta, readStoredJob, shownJobId } from '../../../queue/index.ts';
import { deathOf, FollowDeaths } from '../../run/follow-death.ts';
import { FollowBatches } from '../../batches/follow-batches.ts';
import { buried, emitDead, failedLineOf, failureOf, isUnclear } from '../../run/burial.ts';
import { StoredError } from '../../run/stored-error.ts';
import type { BlameBook } from '../../../dead-letters/index.ts';
import type { ChildWorker } from '../child/child-worker.ts';
import type { ClaimedJob } from '../child/messages.ts';

export interface IsolationOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly blame: BlameBook;
  readonly facts: Facts;
  /** Starts a worker that takes no work but the job it is given, which has that name. */
  readonly startWorker: (name: string) => LoneWorker;
  /** How many run at most, those that take long among them. */
  readonly atOnce: number;
  /** Resolves true when other workers died together with this one: then the host is at fault, not a job. */
  readonly diedTogether: (worker: LoneWorker) => Promise<boolean>;
  /** After how long the next begins beside one that still runs. */
  readonly besideAfterMs?: number;
}

/** What is needed of the process that runs a suspect. */
export type LoneWorker = Pick<ChildWorker, 'name' | 'startedAt' | 'ready' | 'leaving' | 'killedAs' | 'exited' | 'send'>;

const LOCK_MS = 30_000;
const KEEP_EVERY_MS = 5_000;

/** One that is to blame has mostly ended its process by then. */
const BESIDE_AFTER_MS = 15_000;

interface Trial {
  readonly job: ClaimedJob;
  readonly worker: LoneWorker;
  takesLong: boolean;
}

/**
 * Runs suspects, each alone in a process of its own, while the rest of the queue goes on. One after another: two that end their
 * processes at the same time would pass for a fault of the host. Beside one that takes long the next begins. Once one is found to be
 * to blame, those that wait were only there, and go back.
 */
export class Isolation {
  readonly #options: IsolationOptions;
  readonly #waiting: ClaimedJob[] = [];
  readonly #trials = new Set<Trial>();
  #keeper: NodeJS.Timeout | undefined;
  #stopped = false;
  readonly #following: FollowDeaths;
  readonly #batches: FollowBatches;

  constructor(options: IsolationOptions) {
    this.#options = options;
    const { app, engine, facts } = options;
    this.#following = new FollowDeaths({ app, engine, facts, worker: 'supervisor' });
    this.#batches = new FollowBatches({ app, engine, facts, worker: 'supervisor' });
  }

  /** Whether it runs a suspect, and nothing else. */
  runs(worker: LoneWorker): boolean {
    return [...this.#trials].some(trial => trial.worker === worker);
  }

  /** The name of the job that a worker of this name runs alone. */
  jobOf(worker: string): string | undefined {
    const trial = [...this.#trials].find(each => each.worker.name === worker);
    return trial && nameOf(trial.job);
  }

  /** Whether the job of that name is held here: whoever rescues must leave it alone, although its first worker may be gone. */
  holds(name: string): boolean {
    return [...this.#waiting, ...[...this.#trials].map(({ job }) => job)].some(job => nameOf(job) === name);
  }

  /** Takes a job over from the worker that holds it. */
  take(job: ClaimedJob): void {
    // Claimed anew, because its lock was lost: who held it before can do nothing any more.
    const old = this.#waiting.findIndex(each => nameOf(each) === nameOf(job));
    if (old !== -1) this.#waiting.splice(old, 1);
    this.#waiting.push(job);
    // Now as well: a queue's lock may be shorter than the first interval.
    void this.#keepLocks();
    this.#keeper ??= setInterval(() => void this.#keepLocks(), KEEP_EVERY_MS);
    if (this.#stopped) void this.#handBack(this.#waiting.splice(0));
    else this.#next();
  }

  /** Gives back what waits; the one that runs is stopped with the workers. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#handBack(this.#waiting.splice(0));
    clearInterval(this.#keeper);
  }

  #next(): void {
    const { atOnce, besideAfterMs = BESIDE_AFTER_MS } = this.#options;
    if (this.#stopped || this.#trials.size >= atOnce) return;
    if ([...this.#trials].some(({ takesLong }) => !takesLong)) return;
    const job = this.#waiting.shift();
    if (job === undefined) {
      if (this.#trials.size > 0) return;
      clearInterval(this.#keeper);
      this.#keeper = undefined;
      return;
    }
    const worker = this.#options.startWorker(nameOf(job));
    const trial: Trial = { job, worker, takesLong: false };
    this.#trials.add(trial);
    const { jobId, jobName, queue } = job;
    this.#options.facts.emit('job.isolated', { jobId, jobName, queue, worker: worker.name });
    worker.send({ kind: 'adopt', job });
    const patience = setTimeout(() => {
      trial.takesLong = true;
      this.#next();
    }, besideAfterMs).unref();
    void worker.exited
      .then(() => this.#ended(job, worker))
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(patience);
        this.#trials.delete(trial);
        this.#next();
      });
  }

  /** A clean exit has settled the job or handed it back, unless the job itself ended its process, with whatever code. */
  async #ended(claimed: ClaimedJob, worker: LoneWorker): Promise<void> {
    const { engine, blame } = this.#options;
    const job = await readStoredJob(await engine.queue(claimed.queue), claimed.jobId);
    // Its lock says whose it is, and must outlast what follows, however short its queue's are.
    if (job === undefined || (await job.extendLock(claimed.token, LOCK_MS)) !== 1) return;
    if (!(await this.#isToBlame(worker))) {
      await this.#handBack([claimed]);
      return;
    }
    const { crashes } = await blame.of(nameOf(claimed));
    await this.#bury(claimed, job, worker, crashes + 1);
    // Their crashes have found their cause. If there is another, it ends a process twice more and is found then.
    const innocent = this.#waiting.splice(0);
    await Promise.allSettled([claimed, ...innocent].map(each => blame.clear(nameOf(each))));
    this.#waiting.push(...(await this.#handBack(innocent)));
  }

  /** Where the supervisor has ended its process, that has been judged already. */
  async #isToBlame(worker: LoneWorker): Promise<boolean> {
    if (worker.killedAs !== undefined) return worker.killedAs === 'guilty';
    return !worker.leaving && !(await this.#options.diedTogether(worker));
  }

  async #bury(claimed: ClaimedJob, job: EngineJob, worker: LoneWorker, crashes: number): Promise<void> {
    const { app, facts } = this.#options;
    const contract = app.jobs.get(job.name);
    const meta = readMeta(job.opts.telemetry?.metadata);
    const stored = { version: meta.version, data: job.data as unknown };
    const scrub = contract === undefined ? (text: string) => text : createStoredScrubber(contract, stored);
    const error = new StoredError(new PoisonJobError(job.name, crashes), scrub);
    const forget = contract?.retention.forget ?? [];
    const kept = keptData({ forget, version: contract?.version ?? meta.version }, stored);
    const at = this.#options.engine.clock.now();
    const ranMs = Math.round(performance.now() - worker.startedAt);
    const { queue, jobId: id } = claimed;
    const { name, opts, attemptsMade: attempts } = job;
    const attempt = attempts + 1;
    const parts = { queue, now: at, reason: 'poison', message: error.message, attempts } as const;
    const data: unknown = forget.length === 0 ? job.data : kept;
    const death = deathOf(app, this.#options.engine.cipher, { id, name, opts, data }, parts);
    const follow = death === undefined ? undefined : await this.#following.intend(death);
    const { message, name: thrown } = error;
    const { version } = contract ?? {};
    const history = {
      at,
      ranMs,
      attempt,
      worker: worker.name,
      version,
      error: thrown,
      message,
      dead: 'poison' as const,
    };
    const end = buried(job, {
      what: 'dead',
      failure: failureOf({ opts, stacktrace: job.stacktrace ?? [] }, { message, stack: message }),
      line: failedLineOf(job, history),
      data: forget.length === 0 ? undefined : JSON.stringify(kept),
      at,
      unclear: isUnclear('poison'),
    });
    const ends = [{ jobId: id, token: claimed.token, end }];
    const turns = await this.#options.engine.turns(queue);
    const { settled } = await turns.turn({ id: randomUUID(), now: at, ends, take: undefined });
    if (settled[0]?.kind !== 'settled')
      throw new Error(`A job that kills workers could not be ended: ${settled[0]?.kind}.`);
    const member = memberEnd(id, end);
    if (member !== undefined) this.#batches.ended(queue, member);
    await follow?.();
    const fields = { ...jobFieldsOf(job, queue), attempt, worker: worker.name };
    emitDead(facts, fields, { ranMs, reason: 'poison', error });
  }

  async #keepLocks(): Promise<void> {
    const starting = [...this.#trials].filter(({ worker }) => !worker.ready);
    const claimed = [...this.#waiting, ...starting.map(({ job }) => job)];
    await Promise.allSettled(
      claimed.map(async ({ queue, jobId, token }) => {
        const job = await readStoredJob(await this.#options.engine.queue(queue), jobId);
        await job?.extendLock(token, LOCK_MS);
      }),
    );
  }

  /** Answers those that the engine could not take back. */
  async #handBack(jobs: readonly ClaimedJob[]): Promise<readonly ClaimedJob[]> {
    const { engine } = this.#options;
    const results = await Promise.allSettled(jobs.map(claimed => engine.handBack(claimed.queue, [claimed])));
    return jobs.filter((_, index) => results[index]?.status === 'rejected');
  }
}

/** As people name it: ids of other programs are unique in their queue alone. */
function nameOf({ queue, jobId }: ClaimedJob): string {
  return shownJobId({ queue, id: jobId });
}
