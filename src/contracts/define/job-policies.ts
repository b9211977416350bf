import type { AnyJobContract, Priority, RetentionPolicy, RetryPolicy, SchemaOrNone } from './job-contract.ts';
import type { Judge } from './judge.ts';
import { speaksStandardSchema } from './payload-definition.ts';
import { fieldsOf } from './checks/require-definition.ts';
import { shown } from '../../errors/index.ts';
import { exponential, type Backoff } from '../../resilience/index.ts';
import type { Duration } from '../../time/index.ts';

/** Silence is looked for every 50 ms; a pause of a garbage collector is none. */
const SHORTEST_SILENCE_MS = 200;
const PRIORITIES: readonly Priority[] = ['high', 'normal', 'low'];
const DOUBTS: readonly AnyJobContract['onDoubt'][] = ['again', 'hold'];

export function retryOf(
  retry: { readonly attempts: number; readonly backoff?: Backoff } | undefined,
  { refuse }: Judge,
): RetryPolicy {
  const attempts = retry?.attempts ?? 5;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 100) {
    refuse(`expected retry.attempts to be an integer from 1 to 100, got ${shown(attempts)}.`);
  }
  const backoff: unknown = retry?.backoff;
  if (backoff !== undefined && !isBackoff(backoff)) {
    refuse("expected retry.backoff to be what exponential({ from, to }) or fixed('10s') answers.");
  }
  return Object.freeze({ attempts, backoff: retry?.backoff ?? exponential({ from: '1s', to: '5m' }) });
}

function isBackoff(value: unknown): boolean {
  const { kind, ...times }: Readonly<Record<string, unknown>> = { ...Object(value) };
  const names = kind === 'exponential' ? ['fromMs', 'toMs'] : kind === 'fixed' ? ['delayMs'] : [];
  return names.length > 0 && names.every(name => typeof times[name] === 'number' && times[name] >= 0);
}

export function deadlinesOf(
  given: {
    readonly timeout?: Duration;
    readonly stuckAfter?: Duration;
    readonly startWithin?: Duration;
    readonly expiresAfter?: Duration;
  },
  { refuse, duration }: Judge,
): Pick<AnyJobContract, 'timeoutMs' | 'stuckAfterMs' | 'startWithinMs' | 'expiresAfterMs'> {
  const timeoutMs = duration(given.timeout ?? '1m', 'timeout');
  if (timeoutMs < 1) refuse('expected timeout to be longer than 0.');
  const stuckAfterMs = given.stuckAfter === undefined ? undefined : duration(given.stuckAfter, 'stuckAfter');
  if (stuckAfterMs !== undefined && (stuckAfterMs < SHORTEST_SILENCE_MS || stuckAfterMs >= timeoutMs)) {
    refuse(
      `expected stuckAfter to be at least ${SHORTEST_SILENCE_MS} ms and shorter than the timeout (${timeoutMs} ms), got ${stuckAfterMs}.`,
    );
  }
  const expiresAfterMs = given.expiresAfter === undefined ? undefined : duration(given.expiresAfter, 'expiresAfter');
  if (expiresAfterMs === 0) refuse('expected expiresAfter to be longer than 0.');
  const startWithinMs = duration(given.startWithin ?? '1m', 'startWithin');
  if (startWithinMs < 100) refuse('expected startWithin to be 100 ms at least.');
  return { timeoutMs, stuckAfterMs, startWithinMs, expiresAfterMs };
}

/** What a run says while it works and when it has ended. */
export function answersOf(
  given: { readonly progress?: SchemaOrNone; readonly result?: SchemaOrNone; readonly resultFor?: Duration },
  { refuse, duration }: Judge,
): Pick<AnyJobContract, 'progress' | 'result' | 'resultForMs'> {
  const { progress, result, resultFor } = given;
  for (const [part, schema] of Object.entries({ progress, result })) {
    if (schema !== undefined && !speaksStandardSchema(schema)) {
      refuse(`expected ${part} to speak Standard Schema v1, as schema does.`);
    }
  }
  if (resultFor !== undefined && result === undefined) {
    refuse('expected a result schema beside resultFor: without one no result is kept for those who wait.');
  }
  const resultForMs = duration(resultFor ?? '1h', 'resultFor');
  if (resultForMs < 1_000) refuse('expected resultFor to be a second at least.');
  return { progress, result, resultForMs };
}

export function choicesOf(
  given: Partial<Pick<AnyJobContract, 'priority' | 'onDoubt'>>,
  { refuse }: Judge,
): Pick<AnyJobContract, 'priority' | 'onDoubt'> {
  const priority = given.priority ?? 'normal';
  if (!PRIORITIES.includes(priority))
    refuse(`expected priority to be one of ${PRIORITIES.join(', ')}, got ${shown(priority)}.`);
  const { onDoubt = 'again' } = given;
  if (!DOUBTS.includes(onDoubt)) refuse(`expected onDoubt to be one of ${DOUBTS.join(', ')}, got ${shown(onDoubt)}.`);
  return { priority, onDoubt };
}

export function retentionOf(
  given: {
    readonly completed?: Duration;
    readonly completedCount?: number;
    readonly failed?: Duration;
    readonly forget?: readonly string[];
  },
  { refuse, duration }: Judge,
): RetentionPolicy {
  const failedMs = duration(given.failed ?? '14d', 'retention.failed');
  if (failedMs < 1) refuse('expected retention.failed to be longer than 0: dead letters would be gone unseen.');
  const completedCount = given.completedCount ?? 1_000;
  if (!Number.isInteger(completedCount) || completedCount < 0) {
    refuse(`expected retention.completedCount to be an integer >= 0, got ${shown(completedCount)}.`);
  }
  const completedMs = duration(given.completed ?? '1h', 'retention.completed');
  const forget = Object.freeze(fieldsOf('retention.forget', given.forget, refuse));
  return Object.freeze({ completedMs, completedCount, failedMs, forget });
}
