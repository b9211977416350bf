import { codeOf } from '../../errors/index.ts';
import { createScrubber } from '../../privacy/index.ts';
import type { EventStore } from '../event-store.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/**
 * What a projection failed with on an event, as it may be stored and stated: without the values that a contract calls sensitive or that
 * are sealed with a person's key. What a log or a dead letter keeps, erasing that person does not reach.
 */
export function toldError(store: EventStore, event: StoredEvent, error: Error): Error {
  const { type, payload, problem } = event;
  // Of an event that this release cannot read nobody knows what is sensitive.
  const scrub =
    problem === undefined
      ? createScrubber({ sensitive: store.sensitiveFieldsOf(type) }, payload)
      : createScrubber({ sensitive: ['payload'] }, { payload });
  const told = new Error(scrub(error.message));
  told.name = scrub(read(error, 'name'));
  told.stack = scrub(read(error, 'stack'));
  const code = codeOf(error);
  return code === undefined ? told : Object.assign(told, { code });
}

/** Getters on thrown errors may throw in turn. */
function read(error: Error, field: 'name' | 'stack'): string {
  try {
    const value: unknown = error[field];
    return typeof value === 'string' ? value : '';
  } catch {
    return '';
  }
}
