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
