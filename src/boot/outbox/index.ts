/** The outbox of an app. */
export { readOutboxSettings } from './outbox-settings.ts';
export { recordOutboxEnds } from './record-outbox-ends.ts';
