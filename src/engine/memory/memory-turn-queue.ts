// Long because every verb of a queue's turns is one short method here.
import type { JobsOptions } from 'bullmq';
import { HELD_PRIORITY, stepsAmong } from '../turns/index.ts';
import type {
  AddAnswer,
  ChangeableJob,
  ChangeAnswer,
  End,
  GroupedOptions,
  GroupPause,
  JobChange,
  JobLock,
  KeyHold,
  NewJob,
  NoteAnswer,
  PausedBy,
  PausedGroup,
  Rest,
  RunNote,
  StepAnswer,
  StepRecord,
  SettleAnswer,
  TaggedPage,
  TaggedStep,
  TakenJob,
  Take,
  Turn,
  TurnAnswer,
  TurnQueue,
  TurnQueueSettings,
  UnfinishedPage,
  UnfinishedState,
  UnfinishedStep,
} from '../turns/index.ts';
import { memberEnd } from '../batches/index.ts';
import { pendingOf } from './memory-family.ts';
import type { MemoryBatchBook } from './memory-batches.ts';
import type { MemoryGate } from './memory-gate.ts';
import type { MemoryJob, MemoryJobState } from './memory-job.ts';
import type { MemoryQueue } from './memory-queue.ts';

export interface MemoryTurnQueueOptions {
  readonly queue: MemoryQueue;
  /** Where the ends of members of batches are recorded. */
  readonly batches?: MemoryBatchBook;
  /** Rejects while the server is away. */
  readonly reach: () => Promise<void>;
  /** While it is closed nothing is taken. Always open when left out. */
  readonly gate?: MemoryGate;
  readonly settings?: TurnQueueSettings;
}

const UNFINISHED: Readonly<Partial<Record<MemoryJobState, UnfinishedState>>> = {
  waiting: 'waiting',
  'waiting-children': 'waiting',
  delayed: 'delayed',
  active: 'running',
};
const LOOK_ANYWAY_MS = 5_000;
const ANSWERS_KEPT = 64;

/** Add, take and settle in memory: for tests, and as the shortest form of what the others do. */
export class MemoryTurnQueue implements TurnQueue {
  readonly name: string;
  readonly #queue: MemoryQueue;
  readonly #options: MemoryTurnQueueOptions;
  /** What was answered, by the turn's id: one that comes again is not done again. */
  readonly #answers = new Map<string, readonly SettleAnswer[]>();
  #signs = 0;

  constructor(options: MemoryTurnQueueOptions) {
    this.#options = options;
    this.#queue = options.queue;
    this.name = options.queue.name;
  }

  async add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]> {
    await this.#options.reach();
    return jobs.map(job => this.#queue.addOrAnswer(job));
  }

  async turn({ id, now, ends, take }: Turn): Promise<TurnAnswer> {
    await this.#options.reach();
    const before = this.#answers.get(id);
    if (before !== undefined) return { settled: before, jobs: this.#stillLocked(take), rest: take && { kind: 'more' } };
    const settled = this.#settleAll(ends, now);
    this.#remember(id, settled);
    this.#signs = this.#queue.events.signs;
    if (take === undefined) return { settled, jobs: [], rest: undefined };
    if (this.#options.gate?.isOpen === false) return { settled, jobs: [], rest: { kind: 'blocked' } };
    return { settled, ...this.#take(take, now) };
  }

  /** What is handed back goes to the head in the order given: the first one last. */
  #settleAll(ends: readonly End[], now: number): readonly SettleAnswer[] {
    const settled: SettleAnswer[] = [];
    const inOrder = [...ends.entries()];
    const back = inOrder.filter(([, { end }]) => end.what === 'handed-back').toReversed();
    for (const [index, end] of [
      ...inOrder.filter(
        ([
          ,
          {
            end: { what },
          },
        ]) => what !== 'handed-back',
      ),
      ...back,
    ]) {
      settled[index] = this.#settle(end, now);
    }
    return settled;
  }

  #settle({ jobId, token, end, groups = [] }: End, now: number): SettleAnswer {
    const job = this.#queue.locked(jobId, token);
    if (typeof job === 'string') return { kind: job };
    if (end.what === 'succeeded' && pendingOf(job) > 0) return { kind: 'waits-for-children' };
    if (end.what !== 'handed-back') {
      if (end.line !== undefined) {
        job.logs.push(end.line.text);
        if (end.line.keep !== undefined) job.logs.splice(0, job.logs.length - end.line.keep);
      }
      if (end.data !== undefined) job.data = end.data;
    }
    switch (end.what) {
      case 'succeeded':
        if (end.keptMs !== undefined) this.#queue.results.set(jobId, { json: end.result, until: now + end.keptMs });
        this.#queue.succeed(job, end.result, end.keep, now, end.key);
        break;
      case 'retry': {
        job.attemptsMade += 1;
        if (end.at > now) this.#queue.delay(job, Math.ceil(end.at), Math.ceil(end.at - now), failureOf(end));
        else this.#queue.requeue(job, end.lifo, failureOf(end));
        break;
      }
      case 'snoozed':
        if (end.progress !== undefined) job.progress = end.progress;
        this.#queue.delay(job, Math.ceil(Math.max(now, end.until)), Math.ceil(Math.max(0, end.until - now)), undefined);
        break;
      case 'handed-back':
        if (end.opts !== undefined) job.opts = JSON.stringify(end.opts);
        this.#queue.requeue(job, true, undefined);
        break;
      case 'cancelled':
      case 'expired':
      case 'dead':
        this.#queue.fail(job, failureOf(end), end.keep, now, end.key);
    }
    const member = memberEnd(jobId, end);
    if (member !== undefined) this.#options.batches?.bring(member, now);
    // Others of its groups may follow.
    if (groups.length > 0) this.#queue.events.sign();
    return { kind: 'settled' };
  }

  #take(
    { tokens, worker, lockMs, maxBytes, expiresAfterMs }: Take,
    now: number,
  ): { readonly jobs: readonly TakenJob[]; readonly rest: Rest } {
    const queue = this.#queue;
    const { rate, limits: given } = this.#options.settings ?? {};
    const limits = given ?? (queue.groups.pauses.length > 0 ? [] : undefined);
    queue.limits = limits;
    queue.groups.expiresAfterMs = expiresAfterMs;
    queue.rate.worker = rate;
    const jobs: TakenJob[] = [];
    let bytes = 0;
    for (const token of tokens) {
      if (jobs.length > 0 && bytes >= maxBytes) return { jobs, rest: { kind: 'more' } };
      const taking = { token, worker, lockMs };
      const limitedUntil = limits && queue.groups.queueUntil(limits, now);
      if (limitedUntil !== undefined) return { jobs, rest: { kind: 'limited', forMs: limitedUntil - now } };
      const next = limits === undefined ? { job: queue.take(taking, now) } : queue.takeWithin(limits, taking, now);
      if (next.job === undefined) return { jobs, rest: this.#rest(now, 'until' in next ? next.until : undefined) };
      bytes += Buffer.byteLength(next.job.data);
      const probing = 'probing' in next && next.probing === true;
      jobs.push(probing ? { ...taken(next.job, token), probing } : taken(next.job, token));
    }
    return { jobs, rest: { kind: 'more' } };
  }

  #rest(now: number, groupsUntil: number | undefined): Rest {
    const queue = this.#queue;
    const forMs = queue.rate.limitedMs(now);
    if (forMs > 0) return { kind: 'limited', forMs };
    if (queue.isPaused() || queue.isFull()) return { kind: 'blocked' };
    const times = [queue.nextDueAt(), groupsUntil].filter(time => time !== undefined);
    return { kind: 'none', delayedUntil: times.length === 0 ? undefined : Math.min(...times) };
  }

  #stillLocked(take: Take | undefined): readonly TakenJob[] {
    const tokens = take?.tokens ?? [];
    const active = this.#queue.inState('active');
    return tokens.flatMap(token => active.filter(job => job.token === token).map(job => taken(job, token)));
  }

  #remember(id: string, settled: readonly SettleAnswer[]): void {
    this.#answers.set(id, settled);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > ANSWERS_KEPT && oldest !== undefined) this.#answers.delete(oldest);
  }

  async change(jobId: string, now: number, decide: (job: ChangeableJob) => JobChange): Promise<ChangeAnswer> {
    await this.#options.reach();
    const job = this.#queue.jobs.get(jobId);
    if (job === undefined) return 'missing';
    if (job.state === 'active') return 'runs';
    if (job.state === 'completed' || job.state === 'failed') return 'ended';
    const change = decide({
      name: job.name,
      data: parsedOr(undefined, job.data),
      opts: JSON.parse(job.opts) as JobsOptions,
      timestamp: job.timestamp,
      progress: JSON.parse(job.progress) as unknown,
    });
    this.#queue.change(job, change, now);
    return 'changed';
  }

  async bringForward(jobId: string): Promise<void> {
    await this.#options.reach();
    this.#queue.bringForward(jobId);
  }

  async note(notes: readonly RunNote[]): Promise<readonly NoteAnswer[]> {
    await this.#options.reach();
    return notes.map(note => this.#note(note));
  }

  #note({ jobId, token, lines, mostLines, progress }: RunNote): NoteAnswer {
    const job = this.#queue.locked(jobId, token);
    if (typeof job === 'string') return { kind: 'lost' };
    job.logs.push(...lines.slice(0, Math.max(0, mostLines - job.logs.length)));
    if (progress === undefined) return { kind: 'noted' };
    if (job.progress !== progress.from) return { kind: 'changed', progress: job.progress };
    job.progress = progress.to;
    this.#queue.events.say('progress', { jobId, data: progress.to });
    return { kind: 'noted' };
  }

  async holdKey(jobId: string, key: KeyHold): Promise<string> {
    await this.#options.reach();
    return this.#queue.keys.hold(jobId, key, this.#queue.now());
  }

  async stepNames(jobId: string): Promise<readonly string[]> {
    await this.#options.reach();
    return stepsAmong([...(this.#queue.jobs.get(jobId)?.steps.keys() ?? [])]);
  }

  async tagged({ digests, most, name, before }: TaggedStep): Promise<TaggedPage> {
    await this.#options.reach();
    const ids = [...this.#queue.jobs.values()]
      .filter(({ opts }) => {
        const tags: unknown = (JSON.parse(opts) as GroupedOptions).tg;
        return typeof tags === 'string' && digests.every(digest => tags.split(' ').includes(digest));
      })
      .filter(job => (name === undefined || job.name === name) && (before === undefined || job.id < before))
      .map(({ id }) => id)
      .toSorted()
      .toReversed();
    const found = ids.slice(0, most);
    return { ids: found, next: ids.length > most ? found.at(-1) : undefined };
  }

  async unfinished({ states, from = '', most, holds = '' }: UnfinishedStep): Promise<UnfinishedPage> {
    await this.#options.reach();
    const all = [...this.#queue.jobs.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const jobs = all.flatMap(job => {
      const state = UNFINISHED[job.state];
      if (state === undefined || !states.includes(state) || job.id <= from) return [];
      const { id, name, timestamp, processedOn: startedAt } = job;
      const opts = JSON.parse(job.opts) as GroupedOptions;
      return [{ isAsked: job.opts.includes(holds), job: { id, name, state, timestamp, startedAt, opts } }];
    });
    const page = jobs.slice(0, most);
    return {
      jobs: page.flatMap(({ isAsked, job }) => (isAsked ? [job] : [])),
      looked: page.length,
      next: jobs.length > most ? page.at(-1)?.job.id : undefined,
    };
  }

  /** Nothing is left of a job that is gone. */
  async sweepTags(): Promise<void> {}

  async storeStep({ jobId, token, name, result }: StepRecord): Promise<StepAnswer> {
    await this.#options.reach();
    const job = this.#queue.locked(jobId, token);
    if (typeof job === 'string') return 'lost';
    job.steps.set(name, result);
    return 'stored';
  }

  async readSteps({ jobId, token }: JobLock): Promise<ReadonlyMap<string, string> | undefined> {
    await this.#options.reach();
    const job = this.#queue.locked(jobId, token);
    return typeof job === 'string' ? undefined : new Map(job.steps);
  }

  async extendLocks(locks: readonly JobLock[], lockMs: number): Promise<readonly string[]> {
    await this.#options.reach();
    return locks.filter(({ jobId, token }) => !this.#queue.extend(jobId, token, lockMs)).map(({ jobId }) => jobId);
  }

  async returnStalled(now: number, everyMs: number, mostStalls: number): Promise<readonly string[]> {
    await this.#options.reach();
    return this.#queue.returnStalled(now, everyMs, mostStalls);
  }

  async pauseGroup(group: string, pause: GroupPause): Promise<void> {
    await this.#options.reach();
    this.#queue.groups.pause(group, pause);
    // It may end sooner than it said before.
    this.#queue.events.sign();
  }

  async resumeGroup(group: string, by: PausedBy): Promise<void> {
    await this.#options.reach();
    this.#queue.groups.resume(group, by);
    this.#queue.events.sign();
  }

  async pauses(): Promise<readonly PausedGroup[]> {
    await this.#options.reach();
    return this.#queue.groups.pauses;
  }

  async keptBy(jobId: string, groups: readonly string[]): Promise<string | undefined> {
    await this.#options.reach();
    const group = this.#queue.keptBy(jobId);
    return group !== undefined && groups.includes(group) ? group : undefined;
  }

  async held(): Promise<number> {
    await this.#options.reach();
    return this.#queue.inState('waiting').filter(({ priority }) => priority >= HELD_PRIORITY).length;
  }

  async waitForWork(now: number, until: number | undefined, signal: AbortSignal): Promise<void> {
    const { events } = this.#queue;
    const { gate } = this.#options;
    if (gate?.isOpen === false) {
      await gate.passed(signal);
      return;
    }
    if (events.signs !== this.#signs) {
      this.#signs = events.signs;
      return;
    }
    await events.waitForSign(Math.min(LOOK_ANYWAY_MS, until === undefined ? LOOK_ANYWAY_MS : until - now), signal);
    this.#signs = events.signs;
  }
}

function parsedOr<Other>(other: Other, json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return other;
  }
}

function failureOf({
  failure,
}: {
  readonly failure: { readonly message: string; readonly stacktrace: readonly string[] };
}): {
  readonly reason: string;
  readonly stacktrace: string;
} {
  return { reason: failure.message, stacktrace: JSON.stringify(failure.stacktrace) };
}

function taken(job: MemoryJob, token: string): TakenJob {
  const stacktrace: unknown = JSON.parse(job.stacktrace ?? '[]');
  const common = {
    id: job.id,
    token,
    name: job.name,
    opts: JSON.parse(job.opts) as JobsOptions,
    timestamp: job.timestamp,
    attemptsMade: job.attemptsMade,
    attemptsStarted: job.attemptsStarted,
    progress: JSON.parse(job.progress) as unknown,
    stacktrace: Array.isArray(stacktrace) ? stacktrace.map(String) : [],
    deferredFailure: job.deferredFailure,
    repeatJobKey: undefined,
  };
  try {
    return { ...common, kind: 'sound', data: JSON.parse(job.data) as unknown };
  } catch {
    return {
      ...common,
      kind: 'broken',
      data: {},
      complaint: `the stored data is not JSON (${job.data.length} characters)`,
    };
  }
}
