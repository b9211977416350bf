import { setTimeout as pause } from 'node:timers/promises';
import { decodePayload, type App } from '../contracts/index.ts';
import type { Engine, EngineJob, EngineQueue } from '../engine/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { UndecodableJobError, CANCELS, parseJobId, readMeta, readStoredJob, replayMark } from '../queue/index.ts';
import type { Facts } from '../facts/index.ts';
import { openState, type StateStore } from '../state/index.ts';
import { BlameBook } from './blame.ts';
import { readHistory, replayedLine } from './attempt-record.ts';
import {
  deadLetterOf,
  detailsOf,
  type DeadLetter,
  type DeadLetterDetails,
  type DeadLetterGroup,
} from './dead-letter.ts';
import { matches, type DeadLetterFilter } from './dead-letter-filter.ts';
import { merged, type DeadLetterReport } from './dead-letter-report.ts';
import { LetterSources } from './letter-sources.ts';
import type { DeadLetterKind, OtherDeadLetters } from './other-letters.ts';

export interface DeadLettersOptions {
  readonly engine: Engine;
  readonly app: App;
  readonly facts: Facts;
  /** What is kept elsewhere than in the queues. */
  readonly others?: readonly OtherDeadLetters[] | undefined;
  /** Told of one of those that cannot be read now; the rest is answered. Without it that is an error. */
  readonly onUnread?: ((kind: DeadLetterKind, error: unknown) => void) | undefined;
}

export interface ReplayOptions {
  /** Who asks; kept in the job's history. */
  readonly by: string;
  /** Only says what would be done. */
  readonly dryRun?: boolean;
  /** 50 by default: what failed together must not come back together. */
  readonly perSecond?: number;
  readonly signal?: AbortSignal;
}

export interface DiscardOptions {
  readonly by: string;
  readonly reason: string;
  readonly dryRun?: boolean;
}

const PAGE = 200;
/** Behind so many in one queue the search ends. */
const LOOK_AT = 20_000;
/** While somebody acts on a dead letter nobody else does. */
const ACT_MS = 10_000;
const DEFAULT_PER_SECOND = 50;

/** What ended in failure, across an app's queues, subscriptions and projections: look through it, run it again, or discard it. */
export class DeadLetters {
  readonly #engine: Engine;
  readonly #app: App;
  readonly #facts: Facts;
  readonly #others: LetterSources;

  constructor({ engine, app, facts, others = [], onUnread }: DeadLettersOptions) {
    this.#engine = engine;
    this.#app = app;
    this.#facts = facts;
    this.#others = new LetterSources(others, onUnread);
  }

  /** Jobs, and what else there is here. */
  get kinds(): readonly DeadLetterKind[] {
    return ['job', ...this.#others.kinds];
  }

  /** Newest end first. A job that cannot be read is listed as such. */
  async list(filter: DeadLetterFilter = {}, limit = 50): Promise<readonly DeadLetter[]> {
    const found: DeadLetter[] = [];
    for (const name of this.#queuesOf(filter)) {
      let count = 0;
      for await (const letter of this.#walk(name)) {
        if (!matches(letter, filter)) continue;
        found.push(letter);
        if ((count += 1) === limit) break;
      }
    }
    found.push(...(await this.#others.list(filter)));
    return found.sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0)).slice(0, limit);
  }

  /** The causes, most frequent first. */
  async groups(filter: DeadLetterFilter = {}): Promise<readonly DeadLetterGroup[]> {
    const groups = new Map<string, DeadLetterGroup>();
    const add = ({ kind, fingerprint, name, queue, reason, endedAt }: DeadLetter): void => {
      const known = groups.get(fingerprint);
      groups.set(
        fingerprint,
        known === undefined
          ? { kind, fingerprint, name, queue, reason, count: 1, firstEndedAt: endedAt, lastEndedAt: endedAt }
          : { ...known, count: known.count + 1, firstEndedAt: endedAt },
      );
    };
    for (const queue of this.#queuesOf(filter)) {
      for await (const letter of this.#walk(queue)) if (matches(letter, filter)) add(letter);
    }
    for (const letter of await this.#others.list(filter)) add(letter);
    return [...groups.values()].sort((a, b) => b.count - a.count);
  }

  /** How many there are, up to `limit`: counting stops there. */
  async count(filter: DeadLetterFilter = {}, limit = Infinity): Promise<number> {
    let count = 0;
    for (const queue of this.#queuesOf(filter)) {
      for await (const letter of this.#walk(queue)) {
        if (matches(letter, filter) && (count += 1) >= limit) return count;
      }
    }
    count += await this.#others.count(filter);
    return Math.min(count, limit);
  }

  /** Undefined when no dead letter has that id. */
  async show(id: string): Promise<DeadLetterDetails | undefined> {
    if (this.#others.keeps(id)) return this.#others.show(id);
    const found = await this.#find(id);
    if (found === undefined || !(await found.job.isFailed())) return undefined;
    return detailsOf(this.#app, found.queue.name, found.job, await readHistory(found.queue, found.job));
  }

  /**
   * Puts each back into its queue with fresh attempts, its history kept. Each is handled once, also when two people ask at the same
   * time. What cannot run again is skipped, with the reason.
   */
  async replay(filter: DeadLetterFilter, options: ReplayOptions): Promise<DeadLetterReport> {
    const { by, dryRun = false, perSecond = DEFAULT_PER_SECOND, signal } = options;
    if (!(perSecond > 0)) throw new InvalidOptionsError(`Expected perSecond to be above 0, got ${perSecond}.`);
    const { clock } = this.#engine;
    const state = await openState(this.#engine);
    const blame = new BlameBook(state);
    let next = performance.now();
    const pace = async (): Promise<void> => {
      signal?.throwIfAborted();
      await pause(Math.max(0, next - performance.now()), undefined, signal && { signal });
      next = Math.max(next, performance.now()) + 1_000 / perSecond;
    };
    const jobs = await this.#each(filter, async (id, queue, job) => {
      const why = await this.#unfit(queue.name, job);
      if (why !== undefined || dryRun) return why;
      await pace();
      return once(state, id, async () => {
        // Before anything is noted on it: it may be running by now, or cancelled.
        if (!(await isSameFailure(queue, job))) throw new Error('it is no dead letter any more');
        await blame.clear(id);
        // What was noted on it (that it was cancelled, that it waited for a release) is over.
        await job.updateProgress(replayMark(clock.now()));
        await state.delete(CANCELS, id);
        await queue.addJobLog(id, replayedLine(clock.now(), by));
        // Refused by the engine when the job is no dead letter any more.
        await job.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
        this.#facts.state('job.replayed', { jobId: id, jobName: job.name, queue: queue.name, by });
      });
    });
    const others = await this.#others.act(filter, dryRun, (source, ids) => source.replay(ids, pace));
    for (const { id, kind, name, queue } of others.letters) {
      this.#facts.state('dead-letter.replayed', { id, kind, name, owner: queue, by });
    }
    return merged(jobs, others.report);
  }

  /** Removes each for good. What was discarded, by whom and why is stated as a fact. */
  async discard(filter: DeadLetterFilter, { by, reason, dryRun = false }: DiscardOptions): Promise<DeadLetterReport> {
    const state = await openState(this.#engine);
    const jobs = await this.#each(filter, async (id, queue, job) => {
      if (dryRun) return undefined;
      return once(state, id, async () => {
        if (!(await isSameFailure(queue, job))) throw new Error('it is no dead letter any more');
        await job.remove();
        this.#facts.state('job.discarded', { jobId: id, jobName: job.name, queue: queue.name, by, reason });
      });
    });
    const others = await this.#others.act(filter, dryRun, (source, ids) => source.discard(ids));
    for (const { id, kind, name, queue } of others.letters) {
      this.#facts.state('dead-letter.discarded', { id, kind, name, owner: queue, by, reason });
    }
    return merged(jobs, others.report);
  }

  /** What matches is gathered first: acting on it changes the pages that are read. */
  async #each(
    filter: DeadLetterFilter,
    act: (id: string, queue: EngineQueue, job: EngineJob) => Promise<string | undefined>,
  ): Promise<DeadLetterReport> {
    const isForOthers = filter.subscription !== undefined || (filter.kind ?? 'job') !== 'job';
    const named = filter.ids
      ?.filter(id => !this.#others.keeps(id))
      .map(id => ({ id, endedAt: filter.endedAt?.get(id) }));
    const chosen = isForOthers ? [] : (named ?? (await this.list({ ...filter, kind: 'job' }, Infinity)));
    const done: string[] = [];
    const skipped: { id: string; why: string }[] = [];
    for (const { id, endedAt } of chosen) {
      const found = await this.#find(id).catch(() => undefined);
      const failed = found !== undefined && (await found.job.isFailed());
      const again = failed && endedAt !== undefined && found.job.finishedOn !== endedAt;
      const why = !failed
        ? 'it is no dead letter, or cannot be read'
        : again
          ? 'it was replayed meanwhile, and has failed again'
          : await act(id, found.queue, found.job);
      if (why === undefined) done.push(id);
      else skipped.push({ id, why });
    }
    return { matched: chosen.length, done, skipped };
  }

  /** Why a job cannot run again, found out before it is put back. */
  async #unfit(queue: string, job: EngineJob): Promise<string | undefined> {
    const contract = this.#app.jobs.get(job.name);
    if (contract === undefined) return `this release knows no job "${job.name.slice(0, 100)}"`;
    if (contract.queue !== queue) return `this release knows the job in queue "${contract.queue}" alone`;
    const { expiresAfterMs } = contract;
    if (expiresAfterMs !== undefined && this.#engine.clock.now() - job.timestamp > expiresAfterMs)
      return 'it has expired';
    const decoded = await decodePayload(contract, readMeta(job.opts.telemetry?.metadata).version, job.data);
    if (decoded.kind === 'data') return undefined;
    const forgets = contract.retention.forget.length > 0;
    return forgets ? 'what it needs was forgotten when it ended' : 'its data fits no known version';
  }

  #queuesOf({ kind, queue, subscription, ids }: DeadLetterFilter): readonly string[] {
    if (subscription !== undefined || (kind ?? 'job') !== 'job') return [];
    if (queue !== undefined) return [queue];
    return ids === undefined ? [...this.#app.queues.keys()] : [];
  }

  async *#walk(name: string): AsyncGenerator<DeadLetter> {
    const queue = await this.#engine.queue(name);
    for (let start = 0; start < LOOK_AT; start += PAGE) {
      const ids = await queue.getRanges(['failed'], start, start + PAGE - 1);
      const page = await Promise.all(ids.map(id => this.#read(queue, id)));
      for (const letter of page) if (letter !== undefined) yield letter;
      if (ids.length < PAGE) return;
    }
  }

  async #read(queue: EngineQueue, id: string): Promise<DeadLetter | undefined> {
    try {
      const job = await readStoredJob(queue, id);
      // It was replayed or discarded meanwhile.
      return job && deadLetterOf(this.#app, queue.name, job);
    } catch (error) {
      if (!(error instanceof UndecodableJobError)) throw error;
      const unknown = { enqueuedAt: undefined, endedAt: undefined, attemptsMade: 0 };
      return {
        kind: 'job',
        id,
        name: '?',
        queue: queue.name,
        ...unknown,
        reason: error.message,
        fingerprint: 'unreadable',
      };
    }
  }

  /** An id of ours says its queue; another program's is looked for in all. */
  async #find(id: string): Promise<{ readonly queue: EngineQueue; readonly job: EngineJob } | undefined> {
    const own = parseJobId(id)?.queue;
    // BullMQ's keys are joined by colons: such an "id" would be another key.
    if (own === undefined && !/^[^:\p{Cc}]{1,200}$/u.test(id)) return undefined;
    if (own !== undefined && !this.#app.queues.has(own)) return undefined;
    for (const name of own === undefined ? this.#app.queues.keys() : [own]) {
      const queue = await this.#engine.queue(name);
      const job = await readStoredJob(queue, id);
      if (job !== undefined) return { queue, job };
    }
    return undefined;
  }
}

/** Somebody else may have replayed it since it was read, and it may have failed again: that failure is not the one that was meant. */
async function isSameFailure(queue: EngineQueue, job: EngineJob): Promise<boolean> {
  const now = await readStoredJob(queue, job.id ?? '');
  return now !== undefined && now.finishedOn === job.finishedOn && (await now.isFailed());
}

/** Acts while nobody else does. Answers why not. */
async function once(state: StateStore, id: string, act: () => Promise<void>): Promise<string | undefined> {
  const lease = await state.compareAndSet('dead-letter', id, 0, {}, ACT_MS);
  if (lease === undefined) return 'somebody else is acting on it';
  try {
    await act();
    return undefined;
  } catch (error) {
    return error instanceof Error && /not in the failed state|no dead letter/.test(error.message)
      ? 'it is no dead letter any more'
      : 'the engine refused';
  } finally {
    await state.delete('dead-letter', id, lease).catch(() => undefined);
  }
}
