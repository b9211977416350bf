import type { AnyEventContract, AnyJobContract } from '../contracts/index.ts';
import type { KeepsJobs } from './app/enqueued-job.ts';
import type { RecordedRun } from './app/recorded-run.ts';

/** Whether something is so, and what to say where a test expected the contrary. */
export interface Verdict {
  readonly holds: boolean;
  /** What there was, in words. */
  readonly found: string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** Whether `actual` is as `expected` says: fields that `expected` leaves out may be anything. */
export type Fits = (actual: unknown, expected: unknown) => boolean;

export interface KeepsRuns {
  readonly runs: readonly RecordedRun[];
}

export interface KeepsEvents {
  published(contract: AnyEventContract): readonly unknown[];
}

export const fits: Fits = (actual, expected) => {
  if (typeof expected !== 'object' || expected === null) return Object.is(actual, expected);
  if (typeof actual !== 'object' || actual === null) return false;
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((each: unknown, index) => fits(actual[index], each))
    );
  }
  if (expected instanceof Date) return actual instanceof Date && actual.getTime() === expected.getTime();
  return Object.entries(expected).every(([name, value]) => fits(Reflect.get(actual, name), value));
};

/** Whether a job of the contract was queued, with data that is as `data` says. */
export function enqueuedVerdict(test: KeepsJobs, contract: AnyJobContract, data: unknown, fit: Fits): Verdict {
  const all = test.dataOf(contract);
  return among(all, data, fit, `${countOf(all.length, 'job')} of "${contract.name}" ${wasOrWere(all.length)} queued`);
}

export function publishedVerdict(test: KeepsEvents, contract: AnyEventContract, payload: unknown, fit: Fits): Verdict {
  const all = test.published(contract);
  return among(
    all,
    payload,
    fit,
    `${countOf(all.length, 'event')} "${contract.name}" ${wasOrWere(all.length)} published`,
  );
}

/** Whether there were runs of the contract, and the last one of every job had this outcome, and for this reason. */
export function outcomeVerdict(
  { runs }: KeepsRuns,
  contract: AnyJobContract,
  outcome: RecordedRun['outcome'],
  reason?: string,
): Verdict {
  // What a chunk was divided into are jobs of their own, with outcomes of their own.
  const own = runs.filter(each => each.name === contract.name && each.outcome !== 'divided');
  const last = [...new Map(own.map(run => [run.jobId, run])).values()];
  const isSo = (run: RecordedRun): boolean =>
    run.outcome === outcome && (reason === undefined || run.reason === reason);
  const actual = last.map(({ outcome: came, reason: why, error }) =>
    [came, why, error?.message].filter(Boolean).join(': '),
  );
  const found =
    last.length === 0 ? `no run of "${contract.name}" has ended` : `"${contract.name}" has ${actual.join(', ')}`;
  const expected = last.map(() => (reason === undefined ? outcome : `${outcome}: ${reason}`));
  return { holds: last.length > 0 && last.every(isSo), found, actual, expected };
}

function among(all: readonly unknown[], wanted: unknown, fit: Fits, found: string): Verdict {
  const holds = wanted === undefined ? all.length > 0 : all.some(each => fit(each, wanted));
  return { holds, found, actual: all, expected: wanted === undefined ? all : [wanted] };
}

function countOf(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count === 0 ? 'no' : count} ${what}s`;
}

function wasOrWere(count: number): string {
  return count === 1 ? 'was' : 'were';
}
