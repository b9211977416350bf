import type { JobsOptions } from 'bullmq';
import type { NewJob } from './new-job.ts';

/** A job that is to be added with its children, all of them or none. */
export interface NewFlow {
  readonly queue: string;
  readonly job: NewJob;
  readonly children: readonly NewFlow[];
}

/** What a child's options say about its parent where the child fails. */
export type ParentPolicy = Pick<
  JobsOptions,
  'failParentOnFailure' | 'continueParentOnFailure' | 'ignoreDependencyOnFailure' | 'removeDependencyOnFailure'
>;

/** Undefined where a job says nothing, as nearly all do. */
export function parentPolicyOf(opts: Readonly<ParentPolicy>): ParentPolicy | undefined {
  const { failParentOnFailure, continueParentOnFailure, ignoreDependencyOnFailure, removeDependencyOnFailure } = opts;
  if (failParentOnFailure === true) return { failParentOnFailure };
  if (continueParentOnFailure === true) return { continueParentOnFailure };
  if (ignoreDependencyOnFailure === true) return { ignoreDependencyOnFailure };
  return removeDependencyOnFailure === true ? { removeDependencyOnFailure } : undefined;
}
