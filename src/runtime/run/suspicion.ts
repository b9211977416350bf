import type { ClaimedJob } from '../supervisor/child/messages.ts';

/** How a worker learns that a job was present at crashes, and passes it on to be run alone. */
export interface Suspicion {
  /** `name`: as people name it (`shownJobId`). Never rejects: what cannot be looked up is innocent. */
  isSuspect(name: string): Promise<boolean>;
  isolate(job: ClaimedJob): void;
}
