import type { Trial } from './trial.ts';

/** One line of the fault plan. */
export interface FaultCase {
  readonly number: number;
  /** What is provoked. */
  readonly title: string;
  readonly engines: readonly ('redis' | 'postgres')[];
  /**
   * Where the short form runs it, when not on all of `engines`: what it does to queues is then claimed of each engine by the suites in
   * `src`, or by another case. Nowhere only for a form whose case has another. The long form runs it on all.
   */
  readonly smokeOn?: readonly ('redis' | 'postgres')[];
  /** Seeds that the long form runs at most, where one takes long. */
  readonly seedsAtMost?: number;
  /** What it is to recover in, milliseconds: judged by the long form, on a machine that does nothing else. */
  readonly goalMs?: number;
  /** Provokes it and answers what is wrong afterwards; throws when something does not come about in time. */
  run(trial: Trial): Promise<readonly string[]>;
}

export const BOTH = ['redis', 'postgres'] as const;
