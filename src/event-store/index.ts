export {
  EventStore,
  type AppendOptions,
  type EventStoreOptions,
  type ReadAllOptions,
  type ReadStreamOptions,
  type StreamAppend,
} from './event-store.ts';
export type { ExpectedVersion } from './expected-version.ts';
export type { KeyRing } from './key-ring.ts';
export { personalData, type PersonalData } from './personal-data.ts';
export type { Appended } from './run-append.ts';
export type { EventProblem, StoredEvent } from './stored-event.ts';
export { migrateEventStore } from './tables.ts';
export { defineDecider, is, on, type Decider, type DeciderDefinition, type Evolution } from './decider.ts';
export { given, type Then, type When } from './given.ts';
export {
  Repository,
  type Executed,
  type ExecuteOptions,
  type Loaded,
  type RepositoryOptions,
  type StreamCommand,
} from './repository.ts';
export type { SnapshotPolicy } from './snapshots.ts';
export {
  defineProjection,
  type PoisonPolicy,
  type Projection,
  type ProjectionDefinition,
  type ProjectionTransaction,
} from './projection.ts';
export { Projections, type ProjectionsOptions, type ProjectionStatus } from './projections.ts';
export type { ParkedEvent, Retried } from './parked.ts';
export type { Rebuilt, RebuildOptions } from './rebuild.ts';
export { defineEventStore, readEventStore, type EventStoreDefinition } from './define-event-store.ts';
export { forwardEvents, type EventOutbox, type ForwardDefinition } from './forward-events.ts';
