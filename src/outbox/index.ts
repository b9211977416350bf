export {
  fromDrizzle,
  fromKnex,
  fromPrisma,
  type DrizzleSql,
  type DrizzleTransaction,
  type KnexTransaction,
  type PrismaTransaction,
} from './adapters.ts';
export * from './ends/ends-unrecorded-error.ts';
export { entriesIn, outgoingOf, storableOf, type OutboxEntry } from './entry.ts';
export { eraseEntries } from './erase-entries.ts';
export { forgetSeen, once, onceInTransaction } from './deduplicate.ts';
export {
  Outbox,
  type OrderOptions,
  type OutboxEvent,
  type OutboxOptions,
  type OutboxReceipt,
  type PublishOptions,
} from './outbox.ts';
export { readOutboxStatus, type OutboxStatus } from './relay/status.ts';
export { noteUnrecorded, reconcile, type Reconciled, type ReconcileOptions } from './ends/reconcile.ts';
export { recordEnds, type EndRecorder } from './ends/record-ends.ts';
export { Relay, type RelayOptions } from './relay/relay.ts';
export type { EventSink } from './relay/send-batch.ts';
export { asksForSecret, shareOutboxSecret } from './outbox-secret.ts';
export { migrateOutbox, outboxSchema, type Sql, type SqlTransaction } from './tables.ts';
