import type { ReadJob } from '../../dashboard/jobs/read-job.ts';

/** What the page of a job knows where nothing of it was found. */
export function unreadJob(id: string): ReadJob {
  return {
    id,
    view: undefined,
    data: undefined,
    items: undefined,
    history: [],
    log: [],
    runs: [],
    following: [],
    ofKey: [],
    children: [],
    batch: undefined,
    causedBy: undefined,
    keyStandsFor: undefined,
    skips: [],
    marks: [],
    journal: 'read',
  };
}
