import { setTimeout as sleep } from 'node:timers/promises';
import type { App, QueuePolicy } from '../../contracts/index.ts';
import {
  memberEnd,
  scheduleNext,
  type EndKind,
  type Engine,
  type GroupLimit,
  type SettleAnswer,
  type TakenJob,
  type TurnQueue,
} from '../../engine/index.ts';
import { bareError } from '../../privacy/index.ts';
import { readStoredJob } from '../../queue/index.ts';
import { toError } from '../../errors/index.ts';
import { isOutage } from '../../resilience/index.ts';
import { NoteSender } from '../run/notes/note-sender.ts';
import type { QueueContext } from '../run/run-context.ts';
import { FollowDeaths } from '../run/follow-death.ts';
import { addParts } from '../run/chunks/add-parts.ts';
import { runJob } from '../run/run-job.ts';
import { refusedSuccess, unclear, unstorable, type RunEnd } from '../run/settle.ts';
import type { ClaimedJob } from '../supervisor/child/messages.ts';
import { FollowBatches } from '../batches/follow-batches.ts';
import { EndAnnouncer } from './end-announcer.ts';
import { emitStalled } from './emit-stalled.ts';
import { returnStalledJobs } from './turns/stalled-jobs.ts';
import { TurnLoop } from './turns/turn-loop.ts';

const AGAIN_MS = 500;

export interface QueueWorkerOptions {
  readonly app: App;
  readonly engine: Engine;
  readonly policy: QueuePolicy;
  readonly concurrency: number;
  readonly context: Omit<QueueContext, 'notes' | 'steps' | 'batches' | 'engine' | 'groups'>;
}

/** Works on one queue in this process: takes jobs, runs them, writes their ends. */
export class QueueWorker {
  readonly #options: QueueWorkerOptions;
  readonly #queue: TurnQueue;
  readonly #loop: TurnLoop;
  readonly #context: QueueContext;
  readonly #announcer: EndAnnouncer;
  readonly #following: FollowDeaths;
  readonly #batches: FollowBatches;
  #endStalled: (() => void) | undefined;

  private constructor(options: QueueWorkerOptions, queue: TurnQueue) {
    const { engine, policy, concurrency, context } = options;
    this.#announcer = new EndAnnouncer(engine);
    this.#options = options;
    const { facts, worker } = context;
    this.#following = new FollowDeaths({ app: options.app, engine, facts, worker });
    this.#batches = new FollowBatches({ app: options.app, engine, facts, worker });
    this.#queue = queue;
    const expiries = new Map(
      [...context.assignments.values()].flatMap(({ contract: { name, expiresAfterMs } }) =>
        expiresAfterMs === undefined ? [] : [[name, expiresAfterMs] as const],
      ),
    );
    const notes = new NoteSender({ queue, onError: error => this.#failed(error) });
    this.#context = { ...context, notes, steps: queue, batches: this.#batches, engine, groups: queue };
    this.#loop = new TurnLoop({
      queue,
      worker: context.worker,
      concurrency,
      lockMs: policy.lockMs,
      isLimited: policy.allLimits.length > 0,
      expiresAfterMs: () => (context.clockDoubted() ? undefined : expiries),
      now: context.now,
      pass: (ms, signal) => options.engine.clock.pass(ms, signal),
      onJob: job => void this.#run(job),
      // Who is told to wait is not stuck.
      onLimited: () => context.fetches.note(performance.now()),
      onError: error => this.#failed(error),
      onLost: jobIds => this.#lost(jobIds),
    });
  }

  /** Waits for an engine that is away. */
  static async open(options: QueueWorkerOptions): Promise<QueueWorker> {
    const { engine, policy } = options;
    const limits = policy.allLimits.map(({ name, concurrency, rate, strict, fair, tier }): GroupLimit => ({
      name,
      concurrency,
      rate,
      strict,
      fair: fair !== undefined,
      tiered: tier !== undefined,
    }));
    return new QueueWorker(options, await engine.turns(policy.name, limits.length === 0 ? {} : { limits }));
  }

  /** `quiet`: it takes nothing before `quiet(false)`. */
  start(quiet = false): void {
    const { engine, policy } = this.#options;
    const { facts, queue, now } = this.#context;
    this.#endStalled = returnStalledJobs({
      queue: this.#queue,
      everyMs: policy.lockMs,
      now,
      onStalled: jobId => void emitStalled(engine, facts, queue, jobId),
      onError: error => this.#failed(error),
    });
    this.#loop.start();
    if (quiet) this.#loop.pause();
  }

  /** Takes no new jobs until it may again; what it runs goes on, and jobs of workers that are gone still go back. */
  quiet(on: boolean): void {
    if (on) this.#loop.pause();
    else this.#loop.resume();
  }

  /** Takes no more work. */
  pause(): void {
    this.#endStalled?.();
    this.#loop.pause();
  }

  /** Resolves when everything that was taken has been settled, and what follows from that is queued. */
  async settled(): Promise<void> {
    await this.#loop.settled();
    await this.#batches.settled();
  }

  abandon(): void {
    this.#endStalled?.();
    this.#loop.abandon();
  }

  /** Runs one job that another process holds, by its lock's token. Resolves when it is settled, or held by neither. */
  async adopt({ jobId, token }: ClaimedJob): Promise<void> {
    const { engine, policy } = this.#options;
    const lost = await this.#queue.extendLocks([{ jobId, token }], policy.lockMs);
    const stored = lost.length > 0 ? undefined : await readStoredJob(await engine.queue(policy.name), jobId);
    if (stored === undefined) return;
    this.#loop.adopt({ jobId, token });
    const { name, opts, timestamp, attemptsMade, attemptsStarted, progress, data } = stored;
    const stacktrace = (stored.stacktrace as readonly string[] | null) ?? [];
    const { deferredFailure, repeatJobKey } = stored;
    const job = { id: jobId, token, name, opts, timestamp, attemptsMade, attemptsStarted, progress, stacktrace };
    await this.#run({ ...job, kind: 'sound', data, deferredFailure, repeatJobKey });
  }

  /** Never rejects. */
  async #run(job: TakenJob): Promise<void> {
    if (job.repeatJobKey !== undefined && !(await this.#scheduleNext(job))) {
      // Without its successor the schedule would end with it: it comes back when its lock is over, and with it the schedule.
      this.#loop.letGo(job);
      return;
    }
    let runEnd: RunEnd | undefined;
    try {
      runEnd = await runJob(this.#context, job);
    } catch (error) {
      this.#failed(error);
      runEnd = unclear(this.#context, job, toError(error));
    }
    if (runEnd === undefined) {
      this.#loop.letGo(job);
      return;
    }
    const { division } = runEnd;
    if (this.#mayHaveDied(job, runEnd)) await this.#following.forget(job.id, this.#context.queue);
    if (division !== undefined) {
      const added = await addParts(this.#queue, job, division).catch((error: unknown) => {
        this.#failed(error);
        return 'refused' as const;
      });
      // Whoever has the job by now divides it, or runs it again.
      if (added === 'lost') {
        this.#loop.letGo(job);
        return;
      }
      if (added === 'refused') {
        runEnd = refusedSuccess(
          this.#context,
          job,
          new Error('The engine cannot hold what the chunk was divided into.'),
        );
      }
    }
    const { death } = runEnd;
    const follow = death === undefined ? undefined : await this.#following.intend(death);
    const answer = await this.#loop.settle(job, runEnd.end);
    if (answer.kind === 'settled') {
      this.#written(job, runEnd);
      await follow?.();
    } else await this.#notWritten(job, runEnd, answer);
  }

  #written({ id, name }: TakenJob, { end, emit }: RunEnd): void {
    emit?.();
    const member = memberEnd(id, end);
    if (member !== undefined) {
      this.#batches.ended(this.#context.queue, member);
      if (this.#loop.isIdle) this.#batches.idle();
    }
    if (isOver(end) && this.#context.assignments.get(name)?.contract.result !== undefined) this.#announcer.ended(id);
  }

  /** Whether another process may have been about to end it as dead, and was gone before it had. */
  #mayHaveDied({ name, attemptsStarted, attemptsMade }: TakenJob, { end, death }: RunEnd): boolean {
    return (
      attemptsStarted > attemptsMade + 1 &&
      death === undefined &&
      isOver(end) &&
      this.#context.assignments.get(name)?.contract.onDead !== undefined
    );
  }

  async #notWritten(job: TakenJob, runEnd: RunEnd, answer: SettleAnswer): Promise<void> {
    const other = this.#otherEnd(job, runEnd, answer);
    if (other === undefined) {
      this.#failed(new Error(`The end of job ${job.id} was not written: ${answer.kind}.`));
      return;
    }
    this.#loop.adopt({ jobId: job.id, token: job.token });
    const follow = other.death === undefined ? undefined : await this.#following.intend(other.death);
    const again = await this.#settleOther(job, other.end);
    if (again.kind === 'settled') {
      this.#written(job, other);
      await follow?.();
    } else this.#failed(new Error(`The end of job ${job.id} cannot be written: ${again.kind}.`));
  }

  /** Without its line where that cannot be written: another program keeps something else in the place of the log. */
  async #settleOther(job: TakenJob, end: EndKind): Promise<SettleAnswer> {
    const answer = await this.#loop.settle(job, end);
    if (answer.kind !== 'refused' || !('line' in end) || end.line === undefined) return answer;
    this.#loop.adopt({ jobId: job.id, token: job.token });
    return this.#loop.settle(job, { ...end, line: undefined });
  }

  /** The end to write in place of one that was not written; undefined where the job is no longer ours. */
  #otherEnd(job: TakenJob, runEnd: RunEnd, answer: SettleAnswer): RunEnd | undefined {
    switch (answer.kind) {
      case 'refused':
        // What it came to counts, also where its words cannot be stored.
        return { ...runEnd, end: unstorable(runEnd.end) };
      case 'waits-for-children':
        return refusedSuccess(this.#context, job, new Error('The job has children that have not ended.'));
      case 'children-failed':
        return refusedSuccess(this.#context, job, new Error('A child of the job has failed.'));
      case 'settled':
      case 'missing':
      case 'lock-lost':
      case 'taken-over':
      case 'withheld':
      case 'not-active':
        return undefined;
    }
  }

  /** A scheduler of BullMQ makes its next job when the last one begins. Waits for an engine that is away; false where it cannot be made. */
  async #scheduleNext(job: TakenJob): Promise<boolean> {
    const { engine, policy } = this.#options;
    for (;;) {
      try {
        await scheduleNext(await engine.queue(policy.name), job);
        return true;
      } catch (error) {
        this.#failed(error);
        if (!isOutage(error)) return false;
      }
      await sleep(AGAIN_MS, undefined, { ref: false });
    }
  }

  #lost(jobIds: readonly string[]): void {
    const { facts, running, queue, worker } = this.#context;
    for (const jobId of jobIds) {
      const run = running.find(jobId, queue);
      if (run === undefined) continue;
      // Somebody else may run it already: stop the effect as early as possible.
      run.abort('lock lost');
      const { jobName, correlationId, attempt } = run;
      facts.emit('job.lock-lost', { jobId, jobName, queue, correlationId, attempt, worker });
    }
  }

  #failed(error: unknown): void {
    // The engine emits its outage, once.
    if (isOutage(error)) return;
    const { facts, queue, worker } = this.#context;
    facts.emit('worker.error', { worker, queue, error: bareError(toError(error)) });
  }
}

function isOver({ what }: EndKind): boolean {
  return what !== 'retry' && what !== 'snoozed' && what !== 'handed-back';
}
