/**
 * What entry points open: the app, the database, and by doors of their own the bus, the event store, the outbox and the processes that
 * work: a command loads no more of them than it needs.
 */
export { findApp, type FoundApp } from './find-app.ts';
export { loadApp } from './load-app.ts';
export { schemaFindings } from './schema-findings.ts';
export { openDatabase } from './open-database.ts';
export { ROOMS } from './rooms.ts';
export type { OpenedSource, Room } from './room.ts';
