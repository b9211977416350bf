import type { WorkerFigures } from '../../host/worker-figures.ts';

/** What a supervisor and its workers say to each other over the IPC channel. Both run the same release. */
export type ToWorker =
  /** Said every second: a worker that does not hear it has lost its supervisor, or the supervisor is frozen. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'stop'; readonly graceMs: number }
  | { readonly kind: 'hurry' }
  /** Take no new jobs, or take them again. */
  | { readonly kind: 'quiet'; readonly on: boolean }
  /** Run this job alone; this token is its lock. */
  | { readonly kind: 'adopt'; readonly job: ClaimedJob }
  | { readonly kind: 'ask'; readonly id: number; readonly what: string };

export type FromWorker =
  | { readonly kind: 'ready' }
  /** Its event loop turns. `debugged`: somebody may stop it, and that is no fault. */
  | { readonly kind: 'turn'; readonly debugged: boolean }
  /** What it needs and does, every two seconds. `figures` is undefined before it works. */
  | { readonly kind: 'load'; readonly megabytes: number; readonly figures: WorkerFigures | undefined }
  /** Replace me: something in this process can no longer be trusted. */
  | { readonly kind: 'recycle'; readonly reason: string }
  | { readonly kind: 'isolate'; readonly job: ClaimedJob }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown };

/** A claimed job. Whoever knows the token can act for the worker that claimed it. */
export interface ClaimedJob {
  readonly queue: string;
  readonly jobId: string;
  readonly jobName: string;
  readonly token: string;
}

/** The workers' own sign in their names: `SUPERVISOR/NUMBER`. */
export function supervisedName(supervisor: string, number: number): string {
  return `${supervisor}/${number}`;
}

/** The supervisor of a worker, by its name; undefined for a worker without one. */
export function supervisorOf(worker: string): string | undefined {
  const slash = worker.lastIndexOf('/');
  return slash === -1 ? undefined : worker.slice(0, slash);
}
