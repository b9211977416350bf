/**
 * What the words of an app mean: contracts, handlers, reactions, resources. Checks payloads with what privacy may tell, and runs within tracing's cause.
 *
 * @module
 */
export type { ChunkDefinition, ChunkPolicy } from './chunk/chunk-policy.ts';
export { itemsIn, type Items } from './chunk/chunk-schema.ts';
export type { ItemAnswer } from './chunk/item-answer.ts';
export * from './chunk/invalid-answers-error.ts';
export type { AppPlugin } from './define/app-plugin.ts';
export type { KeyDefinition, KeyPart, KeyPolicy } from './define/key-policy.ts';
export { TAG_NAME, TAGS_AT_MOST, type Tags, type TagsPolicy, type TagValue } from './define/tags-policy.ts';
export {
  defineApp,
  type App,
  type AppDefinition,
  type DestinationPolicy,
  type NeedsOf,
  type QueueDefinition,
  type QueuePolicy,
} from './define/define-app.ts';
export {
  DESTINATION,
  type LimitDefinition,
  type FairDefinition,
  type FairPolicy,
  concurrencyOf,
  ratePolicy,
  type LimitPolicy,
  type RateDefinition,
  type RatePolicy,
} from './limits/limits.ts';
export { defineEvent, requireEventRequest, type EventDefinition } from './define/define-event.ts';
export { everyProblem } from './define/checks/every-rule.ts';
export { defineSchedule, type MissedPolicy, type Schedule, type ScheduleDefinition } from './define/define-schedule.ts';
export { defineJob, type JobDefinition } from './define/define-job.ts';
export type {
  AnyEventContract,
  EventContract,
  EventEnvelope,
  EventMetadata,
  StoredAt,
  EventOptions,
  EventRequest,
  PayloadOf,
} from './define/event-contract.ts';
export { encodeEventPayload, reviveDates, type EncodedPayload } from './payload/event-codec.ts';
export { flow, type ChildFailure, type FlowNode, type FlowOptions, type FlowRequest } from './define/flow.ts';
export {
  handle,
  type Handler,
  type HandlerResult,
  type Perform,
  type ProgressOf,
  type HandledBy,
  type ReturnedBy,
} from './define/handle.ts';
export type {
  AnyJobContract,
  EnqueueOptions,
  FieldPath,
  InputOf,
  JobContract,
  JobRequest,
  OutputOf,
  Priority,
  RetentionPolicy,
  ResultOf,
  RetryPolicy,
  SchemaOrNone,
} from './define/job-contract.ts';
export {
  cancel,
  dead,
  isHandlerDecision,
  retryAfter,
  snooze,
  type DeadDecision,
  type HandlerDecision,
  type RetryDecision,
} from './run/handler-decision.ts';
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
} from './define/resource.ts';
export type { Death } from './run/death.ts';
export type { Middleware, RunAround } from './run/middleware.ts';
export type { DeadItem, DividedOutcome, RunOutcome } from './run/run-outcome.ts';
export type { ChildEnd, Json, OnceOptions, Run, RunBatch, RunChildren } from './run/run.ts';
export {
  decodeAtOnce,
  decodePayload,
  MAX_PAYLOAD_BYTES,
  validatePayload,
  writePayload,
  type Decoded,
} from './payload/codec.ts';
export { MAX_RESULT_BYTES, readResult, requireResult } from './run/result.ts';
export { MAX_PROGRESS_BYTES, requireProgress } from './run/progress.ts';
export { describedSchema, type DescribedSchema } from './payload/json-schema.ts';
export { misfitOf } from './payload/what-breaks.ts';
export type { PayloadContract } from './payload/payload-contract.ts';
export { react, type Reaction } from './define/react.ts';
export * from './define/invalid-contract-error.ts';
export * from './payload/invalid-payload-error.ts';
export * from './run/job-aborted-error.ts';
export * from './run/job-cancelled-error.ts';
export * from './run/invalid-progress-error.ts';
export * from './run/invalid-result-error.ts';
export * from './run/job-silent-error.ts';
export * from './run/job-timeout-error.ts';
export * from './payload/payload-too-large-error.ts';
export { createStoredScrubber } from './payload/stored-scrubber.ts';
