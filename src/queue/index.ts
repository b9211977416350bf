export { Client } from './client.ts';
export { connect, type ConnectOptions } from './connect.ts';
export type { Enqueuer } from './enqueuer.ts';
export { deduplicationIdOf, digestOf, jobIdOf, parseJobId, type JobIdParts } from './job-id.ts';
export { isTraceparent, readMeta, traceIdOf, writeMeta, type JobMeta } from './job-meta.ts';
export type { JobState, JobView } from './job-view.ts';
export { CONTRACT_BACKOFF } from './prepare.ts';
export { PRIORITY_NUMBERS } from './priorities.ts';
export type { JobReceipt } from './store.ts';
