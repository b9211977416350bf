import { AssertionError } from 'node:assert';
import { inspect } from 'node:util';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyJobContract, EventContract, JobContract } from '../contracts/index.ts';
import type { KeepsJobs } from './app/enqueued-job.ts';
import {
  enqueuedVerdict,
  fits,
  outcomeVerdict,
  publishedVerdict,
  type KeepsEvents,
  type KeepsRuns,
  type Verdict,
} from './verdict.ts';

/** Of an object what a test cares about. */
export type Part<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Field in keyof Value]?: Part<Value[Field]> }
    : Value;

/** A job of the contract was queued; with `data`, one whose data has these fields. */
export function assertEnqueued<Schema extends StandardSchemaV1>(
  test: KeepsJobs,
  contract: JobContract<Schema>,
  data?: Part<StandardSchemaV1.InferInput<Schema>>,
): void {
  insist(enqueuedVerdict(test, contract, data, fits), `a job of "${contract.name}" to be queued`);
}

export function assertNotEnqueued<Schema extends StandardSchemaV1>(
  test: KeepsJobs,
  contract: JobContract<Schema>,
  data?: Part<StandardSchemaV1.InferInput<Schema>>,
): void {
  refuse(enqueuedVerdict(test, contract, data, fits), `no job of "${contract.name}" to be queued`);
}

/** An event of the contract was published or committed to the outbox; with `payload`, one whose payload has these fields. */
export function assertPublished<Schema extends StandardSchemaV1>(
  test: KeepsEvents,
  contract: EventContract<Schema>,
  payload?: Part<StandardSchemaV1.InferOutput<Schema>>,
): void {
  insist(publishedVerdict(test, contract, payload, fits), `an event "${contract.name}" to be published`);
}

/** Jobs of the contract ran, and the last run of each succeeded. */
export function assertSucceeded(test: KeepsRuns, contract: AnyJobContract): void {
  insist(outcomeVerdict(test, contract, 'succeeded'), `every job of "${contract.name}" to succeed`);
}

/** Jobs of the contract ran, and all are dead; with `reason`, for that reason, such as `attempts-exhausted`. */
export function assertDead(test: KeepsRuns, contract: AnyJobContract, reason?: string): void {
  insist(outcomeVerdict(test, contract, 'dead', reason), `every job of "${contract.name}" to be dead`);
}

function insist(verdict: Verdict, what: string): void {
  if (!verdict.holds) fail(verdict, what);
}

function refuse(verdict: Verdict, what: string): void {
  if (verdict.holds) fail(verdict, what);
}

function fail({ found, actual, expected }: Verdict, what: string): never {
  const message = `Expected ${what}${expected === actual ? '' : ` as ${written(expected)}`}, found that ${found}: ${written(actual)}.`;
  throw new AssertionError({ message, actual, expected, operator: 'shiftwork' });
}

/** What JSON cannot hold, such as a bigint in the payload of an event, is no reason to fail in another way than the test does. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return inspect(value, { depth: 5, breakLength: Infinity });
  }
}
