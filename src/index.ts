/**
 * What a web app imports: contracts, `connect()`, errors, durations. Loads BullMQ and ioredis, and neither express, nodemailer,
 * pg, pino nor amqplib.
 */
export {
  cancel,
  dead,
  defineApp,
  defineEvent,
  defineJob,
  defineResource,
  defineSchedule,
  handle,
  react,
  retryAfter,
  snooze,
  type AnyJobContract,
  type App,
  type AppDefinition,
  type EnqueueOptions,
  type EventContract,
  type EventDefinition,
  type EventEnvelope,
  type EventOptions,
  type EventRequest,
  type Handler,
  type HandlerResult,
  type Death,
  type InputOf,
  type Middleware,
  type RunAround,
  type RunOutcome,
  type JobContract,
  type JobDefinition,
  type JobRequest,
  type HandlerDecision,
  type OutputOf,
  type Priority,
  type QueueDefinition,
  type Reaction,
  type Resource,
  type ResultOf,
  type Run,
  type Schedule,
  type ScheduleDefinition,
} from './contracts/index.ts';
export { InvalidConfigError } from './config/index.ts';
export {
  InvalidContractError,
  InvalidPayloadError,
  InvalidProgressError,
  InvalidResultError,
  JobAbortedError,
  JobCancelledError,
  JobSilentError,
  JobTimeoutError,
  PayloadTooLargeError,
  type AbortCause,
  type PayloadIssue,
} from './contracts/index.ts';
export { EngineCheckError, EngineUnreachableError } from './engine/index.ts';
export { InvalidOptionsError, MissingPackageError, ShiftworkError } from './errors/index.ts';
export {
  ClientClosedError,
  IdempotencyConflictError,
  QueueUnavailableError,
  ResultCancelledError,
  ResultDeadError,
  ResultExpiredError,
  ResultTimeoutError,
  ResultUnknownError,
  ResultUnreadableError,
  isOver,
  UndecodableJobError,
  type ResultOptions,
} from './queue/index.ts';
export { CallTimeoutError, CircuitOpenError, DeliveryError } from './resilience/index.ts';
export { EffectInDoubtError, EffectInProgressError, EffectTakenOverError } from './state/index.ts';
export { Facts, type Fact, type FactListener, type FactName, type FactTable } from './facts/index.ts';
export {
  connect,
  parseJobId,
  type Client,
  type Enqueuer,
  type ConnectOptions,
  type JobReceipt,
  type JobState,
  type JobView,
  type WaitsFor,
} from './queue/index.ts';
export {
  CircuitBreaker,
  exponential,
  fixed,
  isOutage,
  isRetryable,
  retry,
  type Backoff,
  type CircuitBreakerOptions,
  type RetryOptions,
} from './resilience/index.ts';
export type { Duration } from './time/index.ts';
