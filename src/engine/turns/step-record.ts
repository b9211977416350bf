import type { JobLock } from './taken-job.ts';

/** The result of a step of a run, kept with the job for the runs that follow. */
export interface StepRecord extends JobLock {
  readonly name: string;
  /** As JSON. */
  readonly result: string;
}

/** `lost`: nothing was stored, since nobody holds the job with that token. `refused`: the engine cannot hold it. */
export type StepAnswer = 'stored' | 'lost' | 'refused';

/** Of all that is stored among the steps of a job the names that its handler gave: what the platform keeps there begins with a control character. */
export function stepsAmong(names: readonly string[]): readonly string[] {
  return names.filter(name => name >= ' ').toSorted();
}
