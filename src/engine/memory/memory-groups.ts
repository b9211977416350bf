import {
  contractGroup,
  groupsOf,
  HELD_PRIORITY,
  limitOf,
  startPace,
  type GroupLimit,
  type GroupPause,
  type PausedBy,
  type PausedGroup,
} from '../turns/index.ts';
import type { MemoryJob } from './memory-job.ts';

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
      const { concurrency, rate, strict } = limits.find(({ name }) => name === limitOf(group)) ?? {};
      const owner = strict === true ? this.#jobs.get(this.#owners.get(group) ?? '') : undefined;
      if (owner !== undefined && owner !== job && hasNotEnded(owner, group)) {
        return { until: now + LOOK_AGAIN_MS, group, claims, probing: false };
      }
      const most = probes ? 1 : concurrency;
      if (most !== undefined && running.filter(other => groupsIn(other).includes(group)).length >= most) {
        return { until: now + LOOK_AGAIN_MS, group, claims, probing: false };
      }
      const until = rate === undefined ? undefined : this.#until(group, rate, now);
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
    return rate === undefined ? undefined : this.#until('', rate, now);
  }

  /** It is the job's turn in these strict groups. */
  claim(job: MemoryJob, { claims = [] }: GroupVerdict): void {
    for (const group of claims) this.#owners.set(group, job.id);
  }

  started(job: MemoryJob, limits: readonly GroupLimit[], now: number): void {
    for (const group of ['', ...groupsIn(job)]) {
      const { rate, strict } = limits.find(({ name }) => name === limitOf(group)) ?? {};
      if (strict === true) this.#owners.set(group, job.id);
      if (rate === undefined) continue;
      const { max, intervalMs } = startPace(rate);
      const { starts = [], due = 0 } = this.#groups.get(group) ?? {};
      this.#groups.set(group, { starts: [now, ...starts].slice(0, max), due: Math.max(due, now) + intervalMs });
    }
  }

  #until(group: string, rate: NonNullable<GroupLimit['rate']>, now: number): number | undefined {
    const { max, slackMs } = startPace(rate);
    const { starts = [], due = 0 } = this.#groups.get(group) ?? {};
    if (due - slackMs > now) return Math.ceil(due - slackMs);
    // Without the margin of the others: between a start and its handler no time of a test passes.
    const over = (starts[max - 1] ?? Number.NEGATIVE_INFINITY) + rate.perMs;
    return over > now ? over : undefined;
  }
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
  return priority >= HELD_PRIORITY ? priority - HELD_PRIORITY : priority;
}
