/** What the words of an app mean: contracts, handlers, reactions, resources. Checks payloads with what privacy may tell, and runs within tracing's cause. */
export type { AppPlugin } from './app-plugin.ts';
export {
  defineApp,
  type App,
  type AppDefinition,
  type DestinationPolicy,
  type NeedsOf,
  type QueueDefinition,
  type QueuePolicy,
} from './define-app.ts';
export { defineEvent, requireEventRequest, type EventDefinition } from './define-event.ts';
export { defineSchedule, type MissedPolicy, type Schedule, type ScheduleDefinition } from './define-schedule.ts';
export { defineJob, type JobDefinition } from './define-job.ts';
export type {
  AnyEventContract,
  EventContract,
  EventEnvelope,
  EventMetadata,
  StoredAt,
  EventOptions,
  EventRequest,
  PayloadOf,
} from './event-contract.ts';
export { encodeEventPayload, reviveDates, type EncodedPayload } from './event-codec.ts';
export { handle, type Handler, type HandlerResult, type Perform, type ProgressOf } from './handle.ts';
export type {
  AnyJobContract,
  EnqueueOptions,
  FieldPath,
  InputOf,
  JobContract,
  JobRequest,
  KeyPart,
  OutputOf,
  Priority,
  RetentionPolicy,
  RetryPolicy,
  SchemaOrNone,
} from './job-contract.ts';
export { cancel, dead, isHandlerDecision, retryAfter, snooze, type HandlerDecision } from './handler-decision.ts';
export {
  defineResource,
  type AnyResource,
  type ConfigureContext,
  type Needs,
  type OpenableResource,
  type OpenContext,
  type OpenedResource,
  type Resource,
  type ResourceDefinition,
  type ValuesOf,
} from './resource.ts';
export type { Json, OnceOptions, Run } from './run.ts';
export {
  decodeAtOnce,
  decodePayload,
  MAX_PAYLOAD_BYTES,
  validatePayload,
  writePayload,
  type Decoded,
} from './codec.ts';
export { MAX_PROGRESS_BYTES, requireProgress } from './progress.ts';
export type { PayloadContract } from './payload-contract.ts';
export { react, type Reaction } from './react.ts';
export * from './invalid-contract-error.ts';
export * from './invalid-payload-error.ts';
export * from './job-aborted-error.ts';
export * from './job-cancelled-error.ts';
export * from './invalid-progress-error.ts';
export * from './job-silent-error.ts';
export * from './job-timeout-error.ts';
export * from './payload-too-large-error.ts';
export { createStoredScrubber } from './stored-scrubber.ts';
