/**
 * For tests of an app: the whole app at work in memory, and its handlers and producers alone.
 *
 * @module
 */
export {
  assertDead,
  assertEnqueued,
  assertNotEnqueued,
  assertPublished,
  assertSucceeded,
  type Part,
} from './assertions.ts';
export { createTestApp, type GivenOptions, type TestApp, type TestAppOptions } from './app/test-app.ts';
export type { EnqueuedJob, KeepsJobs } from './app/enqueued-job.ts';
export type { GivenNeeds } from './app/given-needs.ts';
export type { RecordedRun } from './app/recorded-run.ts';
export type { AnswerQuery, TestTransaction } from './app/test-transaction.ts';
export type { KeepsEvents, KeepsRuns } from './verdict.ts';
export { recordingClient, type RecordedJob, type RecordingClient } from './recording-client.ts';
export { MemoryStateStore } from '../state/index.ts';
export { runHandler, type GivenTo, type RunHandlerOptions, type RunOutcome } from './run-handler.ts';
export * from './app/drain-stuck-error.ts';
export * from './app/test-app-stopped-error.ts';
