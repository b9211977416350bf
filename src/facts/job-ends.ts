import type { Facts } from './facts.ts';

/**
 * The facts that say that a job has ended for good, whoever ended it: its run, BullMQ itself, the isolation of a job that kills workers,
 * a cancel, a person who discards it. Whatever has to know of every end hangs on these.
 */
const JOB_ENDS = ['job.succeeded', 'job.dead', 'job.cancelled', 'job.discarded'] as const;

export interface JobEnd {
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly how: (typeof JOB_ENDS)[number];
}

/** Calls `listener` with each end of a job that this process brings about. Answers what stops it. */
export function onJobEnd(facts: Facts, listener: (end: JobEnd) => void): () => void {
  const stops = JOB_ENDS.map(how =>
    facts.on(how, ({ fields: { jobId, jobName, queue } }) => listener({ jobId, jobName, queue, how })),
  );
  return () => {
    for (const stop of stops) stop();
  };
}
