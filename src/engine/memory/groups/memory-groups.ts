import {
  contractGroup,
  groupName,
  groupsOf,
  PARKED_PRIORITY,
  limitOf,
  startPace,
  type GroupedOptions,
  type GroupLimit,
  type GroupPause,
  type PausedBy,
  type PausedGroup,
  type StartPace,
} from '../../turns/index.ts';
import type { MemoryJob } from '../memory-job.ts';

/** A place at which a job runs is looked at again after so long; whoever ends one looks at once. */
const LOOK_AGAIN_MS = 5_000;

export interface GroupVerdict {
  /** When to look again; undefined: the job may start. */
  readonly until: number | undefined;
  /** Which group keeps it. */
  readonly group?: string;
  /** Strict groups whose turn is this job's: it has them while another one keeps it. */
  readonly claims?: readonly string[];
  /** The job alone finds out whether its group works again. */
  readonly probing: boolean;
}

interface Group {
  /** Times of its last starts, the newest first. */
  starts: number[];
  /** When the next start is in line. */
  due: number;
}

/** Limits and pauses of groups: what the other engines do in their turns, one job at a time. */
export class MemoryGroups {
  readonly #groups = new Map<string, Group>();
  /** By group and who paused it. */
  readonly #pauses = new Map<string, PausedGroup>();
  /** Of strict groups: the id of the job that was started. */
  readonly #owners = new Map<string, string>();
  readonly #jobs: ReadonlyMap<string, MemoryJob>;
  /** Of whoever took last: by the names of jobs, when they only end. */
  expiresAfterMs: ReadonlyMap<string, number> | undefined;

  constructor(jobs: ReadonlyMap<string, MemoryJob>) {
    this.#jobs = jobs;
  }

  get anyPaused(): boolean {
    return this.#pauses.size > 0;
  }

  pause(group: string, pause: GroupPause): void {
    this.#pauses.set(`${pause.by} ${group}`, { ...pause, group });
  }

  resume(group: string, by: PausedBy): void {
    this.#pauses.delete(`${by} ${group}`);
  }

  get pauses(): readonly PausedGroup[] {
    return [...this.#pauses.values()];
  }

  /** Whether a waiting job may start beside those that run. */
  judge(job: MemoryJob, limits: readonly GroupLimit[], running: readonly MemoryJob[], now: number): GroupVerdict {
    const expiry = job.timestamp + (this.expiresAfterMs?.get(job.name) ?? Number.POSITIVE_INFINITY) + 1;
    if (expiry <= now) return { until: undefined, probing: false };
    const verdict = this.#judge(job, limits, running, now);
    return verdict.until === undefined ? verdict : { ...verdict, until: Math.min(verdict.until, expiry) };
  }

  #judge(job: MemoryJob, limits: readonly GroupLimit[], running: readonly MemoryJob[], now: number): GroupVerdict {
    let probing = false;
    const claims: string[] = [];
    const isStrict = (group: string): boolean => limits.some(({ name, strict }) => strict && name === limitOf(group));
    const groups = [...this.#pausedContractOf(job), ...groupsIn(job)];
    // Strict ones first, by their names, so that no two jobs wait for each other's.
    const strictOnes = groups.filter(isStrict).toSorted();
    for (const group of [...strictOnes, ...groups.filter(each => !isStrict(each))]) {
      const pauses = this.#pausesOf(group);
      const pausedUntil = Math.max(...pauses.map(({ until }) => until));
      if (pausedUntil > now) return { until: pausedUntil, group, claims, probing: false };
      for (const each of pauses) if (!each.probes) this.resume(each.group, each.by);
      const probes = pauses.some(pause => pause.probes);
      const { concurrency, pace, strict } = this.#numbersOf(group, job, limits);
      const owner = strict === true ? this.#jobs.get(this.#owners.get(group) ?? '') : undefined;
      if (owner !== undefined && owner !== job && hasNotEnded(owner, group)) {
        return { until: now + LOOK_AGAIN_MS, group, claims, probing: false };
      }
      const most = probes ? 1 : concurrency;
      if (most !== undefined && running.filter(other => groupsIn(other).includes(group)).length >= most) {
        return { until: now + LOOK_AGAIN_MS, group, claims, probing: false };
      }
      const until = pace && this.#until(group, pace, now);
      if (until !== undefined) return { until, group, claims, probing: false };
      probing ||= probes;
      if (isStrict(group)) claims.push(group);
    }
    return { until: undefined, probing };
  }

  #pausesOf(group: string): readonly PausedGroup[] {
    const keys = [`breaker ${group}`, `person ${group}`, `person ${limitOf(group)}`];
    return keys.flatMap(key => this.#pauses.get(key) ?? []);
  }

  #pausedContractOf(job: MemoryJob): readonly string[] {
    const group = contractGroup(job.name);
    return !endsOnly(job) && this.#pauses.has(`person ${group}`) ? [group] : [];
  }

  /** When the queue itself may start a job; undefined: now. */
  queueUntil(limits: readonly GroupLimit[], now: number): number | undefined {
    const rate = limits.find(({ name }) => name === '')?.rate;
    return rate && this.#until('', paceOf(rate), now);
  }

  /** It is the job's turn in these strict groups. */
  claim(job: MemoryJob, { claims = [] }: GroupVerdict): void {
    for (const group of claims) this.#owners.set(group, job.id);
  }

  started(job: MemoryJob, limits: readonly GroupLimit[], now: number): void {
    for (const group of ['', ...groupsIn(job)]) {
      const { pace, strict } = this.#numbersOf(group, job, limits);
      if (strict === true) this.#owners.set(group, job.id);
      if (pace === undefined) continue;
      const { max, intervalMs } = pace;
      const { starts = [], due = 0 } = this.#groups.get(group) ?? {};
      this.#groups.set(group, { starts: [now, ...starts].slice(0, max), due: Math.max(due, now) + intervalMs });
    }
  }

  #until(group: string, { max, slackMs, windowMs }: StartPace, now: number): number | undefined {
    const { starts = [], due = 0 } = this.#groups.get(group) ?? {};
    if (due - slackMs > now) return Math.ceil(due - slackMs);
    const over = (starts[max - 1] ?? Number.NEGATIVE_INFINITY) + windowMs;
    return over > now ? over : undefined;
  }

  /** Its own, as the newest of its jobs that wait has brought them, or its limit's. */
  #numbersOf(
    group: string,
    job: MemoryJob,
    limits: readonly GroupLimit[],
  ): {
    readonly concurrency?: number | undefined;
    readonly pace?: StartPace | undefined;
    readonly strict?: boolean | undefined;
  } {
    const limit = limits.find(({ name }) => name === limitOf(group));
    const pace = limit?.rate && paceOf(limit.rate);
    const own = { concurrency: limit?.concurrency, pace, strict: limit?.strict };
    if (limit?.tiered !== true) return own;
    const waiting = [...this.#jobs.values()].filter(({ state }) => state === 'waiting' || state === 'delayed');
    const [newest] = [job, ...waiting.filter(other => storedGroups(other).includes(group))].toSorted(
      (a, b) => b.timestamp - a.timestamp || b.seq - a.seq,
    );
    const tier = (JSON.parse((newest ?? job).opts) as GroupedOptions).tiers?.[limit.name];
    const [concurrency = 0, max = 0, windowMs = 0, intervalMs = 0, slackMs = 0] = tier ?? [];
    return {
      ...own,
      ...(concurrency > 0 && { concurrency }),
      ...(max > 0 && { pace: { max, windowMs, intervalMs, slackMs } }),
    };
  }
}

/** Without the margin of the others: between a start and its handler no time of a test passes. */
function paceOf(rate: NonNullable<GroupLimit['rate']>): StartPace {
  return { ...startPace(rate), windowMs: rate.perMs };
}

function hasNotEnded(job: MemoryJob, group: string): boolean {
  return job.state !== 'completed' && job.state !== 'failed' && storedGroups(job).includes(group);
}

/** One that only ends, without a run, is kept by no limit. */
function endsOnly({ deferredFailure, progress, state }: MemoryJob): boolean {
  return state !== 'active' && (deferredFailure !== undefined || progress.includes('"cancel":{'));
}

function groupsIn(job: MemoryJob): readonly string[] {
  return endsOnly(job) ? [] : storedGroups(job);
}

function storedGroups({ opts }: MemoryJob): readonly string[] {
  const stored: unknown = JSON.parse(opts);
  return typeof stored === 'object' && stored !== null ? groupsOf(stored) : [];
}

/** Its own, also where it stands behind all others. */
export function ownPriority({ priority }: Pick<MemoryJob, 'priority'>): number {
  return priority % PARKED_PRIORITY;
}

/** The group whose turn a job awaits, of those whose limit is fair: jobs that belong to none of them take turns as one. */
export function turnGroupOf(job: MemoryJob, limits: readonly GroupLimit[]): string | undefined {
  const fair = limits.filter(limit => limit.fair === true);
  const [first] = fair;
  if (first === undefined || endsOnly(job)) return undefined;
  return groupsIn(job).find(group => fair.some(({ name }) => name === limitOf(group))) ?? groupName(first.name, '');
}
