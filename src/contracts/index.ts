export { bareError } from './bare-error.ts';
export { causedBy, currentCause, type Cause } from './cause.ts';
export {
  defineApp,
  type AnyEventStore,
  type App,
  type AppDefinition,
  type DestinationPolicy,
  type QueueDefinition,
  type QueuePolicy,
} from './define-app.ts';
export { defineEvent, type EventDefinition } from './define-event.ts';
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
export { handle, type Handler, type HandlerResult, type Perform } from './handle.ts';
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
} from './job-contract.ts';
export { cancel, dead, isOutcome, retryAfter, snooze, type Outcome } from './outcome.ts';
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
export { inSpan } from './in-span.ts';
export { loadApp } from './load-app.ts';
export type { PayloadContract } from './payload-contract.ts';
export { continueTrace, plainTracer } from './plain-tracer.ts';
export { react, type Reaction } from './react.ts';
export { keptData, REDACTED, redactData } from './redact.ts';
export { createScrubber, createStoredScrubber, SCRUB_REACH } from './scrub.ts';
export { scrubDeep, shownData } from './shown-data.ts';
export { isUnstorableJson, storableText } from './storable-text.ts';
export type { SpanKind, Tracer } from './tracer.ts';
