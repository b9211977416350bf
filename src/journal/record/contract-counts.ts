import { addDurations, bucketOf, type Durations } from './durations.ts';
import type { RunOutcome } from './run-record.ts';

/** What the runs of a contract came to in a stretch of time. */
export interface ContractCounts {
  readonly jobName: string;
  readonly queue: string;
  /** Divided chunks among them. */
  readonly succeeded: number;
  readonly retried: number;
  readonly dead: number;
  readonly cancelled: number;
  readonly expired: number;
  /** Milliseconds of all runs together. */
  readonly ranMs: number;
  /** Of those that are kept: how many successes the journal holds itself. */
  readonly kept: number;
  /** Time in queue, of those that were begun. */
  readonly waited: Durations;
  readonly ran: Durations;
}

/** A stretch of time, by its length and when it began. */
export interface CountedStretch extends ContractCounts {
  readonly at: number;
}

type Mutable = { -readonly [Name in keyof ContractCounts]: ContractCounts[Name] } & {
  waited: Record<string, number>;
  ran: Record<string, number>;
};

/** All runs are counted together under this name, those of a queue under this and its name: no contract has such names. */
export const ALL_COUNTS = '/';

export function queueCounts(queue: string): string {
  return `${ALL_COUNTS}${queue}`;
}

/** With the sums of each queue and of all: whoever draws these reads one row a minute, however many contracts there are. */
export function withSums(counts: readonly ContractCounts[]): readonly ContractCounts[] {
  const sums = new Map<string, ContractCounts>();
  const add = (name: string, queue: string, each: ContractCounts): void => {
    sums.set(name, addCounts(sums.get(name) ?? emptyCounts(name, queue), each));
  };
  for (const each of counts) {
    add(ALL_COUNTS, '', each);
    add(queueCounts(each.queue), each.queue, each);
  }
  return [...counts, ...sums.values()];
}

/** Counts the runs of a process until they are handed over. */
export class Counting {
  readonly #byName = new Map<string, Mutable>();

  get isEmpty(): boolean {
    return this.#byName.size === 0;
  }

  count(
    { jobName, queue }: Pick<ContractCounts, 'jobName' | 'queue'>,
    outcome: RunOutcome,
    waitedMs: number | undefined,
    ranMs: number | undefined,
    kept: boolean,
  ): void {
    let counts = this.#byName.get(jobName);
    if (counts === undefined) {
      counts = { ...emptyCounts(jobName, queue), waited: {}, ran: {} };
      this.#byName.set(jobName, counts);
    }
    counts[outcome === 'divided' ? 'succeeded' : outcome] += 1;
    if (kept && (outcome === 'succeeded' || outcome === 'divided')) counts.kept += 1;
    // A retried one waits on, and counts once, at its last.
    if (waitedMs !== undefined && outcome !== 'retried') {
      const bucket = bucketOf(waitedMs);
      counts.waited[bucket] = (counts.waited[bucket] ?? 0) + 1;
    }
    if (ranMs !== undefined) {
      const bucket = bucketOf(ranMs);
      counts.ran[bucket] = (counts.ran[bucket] ?? 0) + 1;
      counts.ranMs += ranMs;
    }
  }

  take(): readonly ContractCounts[] {
    const taken = [...this.#byName.values()];
    this.#byName.clear();
    return taken;
  }
}

export function emptyCounts(jobName: string, queue: string): ContractCounts {
  return {
    jobName,
    queue,
    succeeded: 0,
    retried: 0,
    dead: 0,
    cancelled: 0,
    expired: 0,
    ranMs: 0,
    kept: 0,
    waited: {},
    ran: {},
  };
}

export function addCounts(a: ContractCounts, b: ContractCounts): ContractCounts {
  return {
    jobName: a.jobName,
    queue: a.queue,
    succeeded: a.succeeded + b.succeeded,
    retried: a.retried + b.retried,
    dead: a.dead + b.dead,
    cancelled: a.cancelled + b.cancelled,
    expired: a.expired + b.expired,
    ranMs: a.ranMs + b.ranMs,
    kept: a.kept + b.kept,
    waited: addDurations(a.waited, b.waited),
    ran: addDurations(a.ran, b.ran),
  };
}

/** As the stores keep it: the numbers, then the two histograms. */
export type WrittenCounts = readonly [numbers: readonly number[], waited: Durations, ran: Durations];

export function writtenCounts(counts: ContractCounts): WrittenCounts {
  const { succeeded, retried, dead, cancelled, expired, ranMs, kept, waited, ran } = counts;
  return [[succeeded, retried, dead, cancelled, expired, ranMs, kept], waited, ran];
}

export function countsIn(jobName: string, queue: string, written: unknown): ContractCounts {
  const [numbers, waited, ran]: readonly unknown[] = Array.isArray(written) ? written : [];
  const [succeeded, retried, dead, cancelled, expired, ranMs, kept] = (Array.isArray(numbers) ? numbers : []).map(
    Number,
  );
  return {
    jobName,
    queue,
    succeeded: succeeded ?? 0,
    retried: retried ?? 0,
    dead: dead ?? 0,
    cancelled: cancelled ?? 0,
    expired: expired ?? 0,
    ranMs: ranMs ?? 0,
    kept: kept ?? 0,
    waited: durationsIn(waited),
    ran: durationsIn(ran),
  };
}

function durationsIn(value: unknown): Durations {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([bucket, count]) => [bucket, Number(count) || 0]));
}
