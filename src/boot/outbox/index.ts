/** The outbox of an app. */
export { readOutboxSettings, type OutboxSettings } from './outbox-settings.ts';
export { recordOutboxEnds } from './record-outbox-ends.ts';
