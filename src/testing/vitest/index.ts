/**
 * Matchers for vitest: `expect.extend(shiftworkMatchers)`, then `expect(test).toHaveEnqueued(welcomeEmail, { userId: 'u1' })`. A door of its
 * own, so that whoever uses another runner needs no vitest.
 *
 * @module
 */
import type { AnyEventContract, AnyJobContract } from '../../contracts/index.ts';
import type { KeepsJobs } from '../app/enqueued-job.ts';
import {
  enqueuedVerdict,
  outcomeVerdict,
  publishedVerdict,
  fits,
  type KeepsEvents,
  type KeepsRuns,
  type Verdict,
} from '../verdict.ts';

interface Answer {
  readonly pass: boolean;
  readonly message: () => string;
  readonly actual: unknown;
  readonly expected: unknown;
}

/** What is used of the runner. */
interface Matching {
  readonly equals: (a: unknown, b: unknown) => boolean;
}

/** Fields that are left out may be anything; `expect.any(...)` and its kin stand for what they match. */
function fitsHere({ equals }: Matching): (actual: unknown, expected: unknown) => boolean {
  const fit = (actual: unknown, expected: unknown): boolean => {
    if (equals(actual, expected)) return true;
    const isPlain =
      typeof expected === 'object' && expected !== null && Object.getPrototypeOf(expected) === Object.prototype;
    if (!isPlain || typeof actual !== 'object' || actual === null) return fits(actual, expected);
    return Object.entries(expected).every(([name, value]) => fit(Reflect.get(actual, name), value));
  };
  return fit;
}

function answer(verdict: Verdict, what: string): Answer {
  const { holds: pass, found, actual, expected } = verdict;
  const message = (): string => `expected ${what}${pass ? ' not' : ''} so, but ${found}`;
  return { pass, message, actual, expected };
}

export const shiftworkMatchers = {
  /** A job of the contract was queued; with `data`, one whose data has these fields. Also of a client that records. */
  toHaveEnqueued(this: Matching, test: KeepsJobs, contract: AnyJobContract, data?: unknown): Answer {
    return answer(enqueuedVerdict(test, contract, data, fitsHere(this)), `a queued job of "${contract.name}"`);
  },
  toHavePublished(this: Matching, test: KeepsEvents, contract: AnyEventContract, payload?: unknown): Answer {
    return answer(publishedVerdict(test, contract, payload, fitsHere(this)), `a published event "${contract.name}"`);
  },
  /** Jobs of the contract ran, and the last run of each succeeded. */
  toHaveSucceeded(this: Matching, test: KeepsRuns, contract: AnyJobContract): Answer {
    return answer(outcomeVerdict(test, contract, 'succeeded'), `success of every job of "${contract.name}"`);
  },
  /** Jobs of the contract ran, and all are dead; with `reason`, for that reason. */
  toHaveDied(this: Matching, test: KeepsRuns, contract: AnyJobContract, reason?: string): Answer {
    return answer(outcomeVerdict(test, contract, 'dead', reason), `the death of every job of "${contract.name}"`);
  },
};

// The compiler finds the interface that is extended below by this, also where it compiles no test.
export type { Matchers } from 'vitest';

/** As `expect(...)` gets them. */
export interface ShiftworkMatchers<R> {
  toHaveEnqueued(contract: AnyJobContract, data?: unknown): R;
  toHavePublished(contract: AnyEventContract, payload?: unknown): R;
  toHaveSucceeded(contract: AnyJobContract): R;
  toHaveDied(contract: AnyJobContract, reason?: string): R;
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends ShiftworkMatchers<R> {}
}
