export { cancelJob, CANCELS, cancelMarkOf, type CancelAnswer, type CancelMark } from './cancel-job.ts';
export { Client } from './client.ts';
export { clientOn, connect, type ConnectOptions } from './connect.ts';
export { firstDueAt, replayMark } from './due-at.ts';
export type { Enqueuer } from './enqueuer.ts';
export { jobFieldsOf } from './job-fields.ts';
export { jobIdOf, parseJobId, type JobIdParts } from './job-id.ts';
export { followingOf, originOf, requireReactions, type CausedBy, type Following } from './job-origin.ts';
export { KeyRecords, type KeyRecord } from './key-records.ts';
export { isTraceparent, readMeta, traceIdOf, writeMeta, type JobMeta } from './job-meta.ts';
export { readJobView, type JobState, type JobView } from './job-view.ts';
export {
  CONTRACT_BACKOFF,
  check,
  finish,
  prepare,
  type CheckedJob,
  type PrepareContext,
  type PreparedJob,
} from './prepare.ts';
export { PRIORITY_NUMBERS } from './priorities.ts';
export { readQueueFigures, type QueueFigures } from './queue-figures.ts';
export { readRunningJobs, type RunningJobView } from './running-jobs.ts';
export { readUnnamedQueues, recentQueueNames, unfinishedIn } from './unnamed-queues.ts';
export { readStoredJob } from './read-stored-job.ts';
export type { JobReceipt } from './job-receipt.ts';
export { storePrepared, type StorableJob } from './store.ts';
export type { JobStore } from './store-keyed.ts';
export * from './client-closed-error.ts';
export * from './idempotency-conflict-error.ts';
export * from './queue-unavailable-error.ts';
export * from './undecodable-job-error.ts';
