export { EventStore } from './event-store.ts';
export type { EventStoreOptions } from './store-parts.ts';
export type { AppendOptions } from './append/appender.ts';
export type { ReadAllOptions, ReadStreamOptions } from './read/event-reader.ts';
export type { StreamAppend } from './append/stream-append.ts';
export type { ExpectedVersion } from './append/expected-version.ts';
export type { KeyRing } from './privacy/key-ring.ts';
export { personalData, type PersonalData } from './privacy/personal-data.ts';
export type { Appended } from './append/run-append.ts';
export type { EventProblem, StoredEvent } from './read/stored-event.ts';
export { eventStoreSchema, migrateEventStore } from './schema/tables.ts';
export { defineDecider, is, on, type Decider, type DeciderDefinition, type Evolution } from './decide/decider.ts';
export { given, type Then, type When } from './decide/given.ts';
export { Repository, type RepositoryOptions } from './decide/repository.ts';
export type { StreamCommand } from './decide/decide-commands.ts';
export type { ExecuteOptions } from './decide/execute-options.ts';
export type { Executed } from './decide/execute.ts';
export type { Loaded } from './decide/load-state.ts';
export type { SnapshotPolicy } from './decide/snapshots.ts';
export {
  defineProjection,
  type PoisonPolicy,
  type Projection,
  type ProjectionDefinition,
  type ProjectionTransaction,
} from './project/projection.ts';
export { Projections, type ProjectionsOptions, type ProjectionStatus } from './project/projections.ts';
export type { ParkedEvent, Retried } from './park/parked.ts';
export type { Rebuilt, RebuildOptions } from './rebuild/rebuild.ts';
export { defineEventStore, eventStoreOf, type EventStoreDefinition } from './define-event-store.ts';
export { forwardEvents, type EventOutbox, type ForwardDefinition } from './project/forward-events.ts';
export * from './append/concurrency-error.ts';
export * from './append/event-id-taken-error.ts';
export * from './park/projection-failed-error.ts';
export * from './privacy/key-ring-error.ts';
export * from './privacy/subject-erased-error.ts';
export * from './project/projection-behind-error.ts';
export * from './project/projection-unknown-error.ts';
export * from './read/stream-unreadable-error.ts';
export * from './schema/event-store-missing-error.ts';
