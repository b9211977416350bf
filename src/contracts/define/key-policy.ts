import { shown } from '../../errors/index.ts';
import { toMilliseconds, type Duration } from '../../time/index.ts';

export type KeyPart = string | number | boolean;

/** What makes two jobs one, and for how long. docs/guides/keys.md has the table of what a call does when it meets another job. */
export interface KeyDefinition<Data> {
  /** What identifies the work: jobs for which it answers the same have one key. Left out where only callers bring keys (`idempotencyKey`). */
  readonly of?: (data: Data) => readonly KeyPart[];
  /**
   * Which data counts while a job with the key waits: that of the `first` call (the default: other data is refused), or of the `last` one,
   * which the job takes over together with a new start after the call's `delay`.
   */
  readonly keep?: 'first' | 'last';
  /**
   * How long the key stands after success: one day by default, `0` for as long as the job waits or runs. With `keep: 'last'` a job that has ended
   * takes over nothing: there it is always 0.
   */
  readonly for?: Duration;
  /** With `keep: 'last'`: the job starts no later than this after the first call, however often it is put off. */
  readonly maxWait?: Duration;
}

/** As it was checked. */
export interface KeyPolicy {
  /** From the validated data; undefined where only callers' keys count. */
  readonly of: ((data: unknown) => readonly KeyPart[]) | undefined;
  readonly keep: 'first' | 'last';
  readonly forMs: number;
  readonly maxWaitMs: number | undefined;
}

const FIELDS: ReadonlySet<string> = new Set(['of', 'keep', 'for', 'maxWait']);
const DAY_MS = 86_400_000;

/** `given`: a definition, or the function that would be its `of`. @throws what `refuse` throws */
export function keyPolicyOf(given: unknown, label: string, refuse: (problem: string) => never): KeyPolicy {
  if (typeof given !== 'function' && (typeof given !== 'object' || given === null) && given !== undefined) {
    refuse('expected key to be a function of the data, or { of, keep, for, maxWait }.');
  }
  const definition: Readonly<Record<string, unknown>> = typeof given === 'function' ? { of: given } : { ...given };
  const { of, keep = 'first', for: kept, maxWait } = definition;
  for (const name of Object.keys(definition)) {
    if (!FIELDS.has(name)) refuse(`expected key to have of, keep, for and maxWait, found "${name.slice(0, 40)}".`);
  }
  if (of !== undefined && typeof of !== 'function') refuse('expected key.of to be a function of the data.');
  if (keep !== 'first' && keep !== 'last') refuse(`expected key.keep to be first or last, got ${shown(keep)}.`);
  const milliseconds = (value: unknown, what: string): number => toMilliseconds(value as Duration, `${label}: ${what}`);
  const forMs = kept === undefined ? undefined : milliseconds(kept, 'key.for');
  const maxWaitMs = maxWait === undefined ? undefined : milliseconds(maxWait, 'key.maxWait');
  if (keep === 'last') {
    if (of === undefined) refuse("expected key.of where key.keep is 'last': keys that callers bring keep the first.");
    if (forMs !== undefined && forMs > 0) {
      refuse("expected no key.for where key.keep is 'last': a job that has ended can take over nothing.");
    }
  } else if (maxWaitMs !== undefined) {
    refuse("expected key.maxWait only where key.keep is 'last': nothing else is put off.");
  }
  if (maxWaitMs === 0) refuse('expected key.maxWait to be longer than 0: nothing could be put off.');
  return Object.freeze({
    // Only data that this contract's own schema has validated is ever passed in.
    of: of as KeyPolicy['of'],
    keep: keep === 'last' ? 'last' : 'first',
    forMs: keep === 'last' ? 0 : (forMs ?? DAY_MS),
    maxWaitMs,
  });
}
