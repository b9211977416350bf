import { codeOf } from '../../errors/index.ts';
import { createScrubber } from '../../privacy/index.ts';
import type { EventStore } from '../event-store.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/**
 * What a projection failed with on an event, as it may be stored and emitted: without the values that a contract calls sensitive or that
 * are encrypted with a person's key. What a log or a dead letter keeps, erasing that person does not reach.
 */
export function scrubbedError(store: EventStore, event: StoredEvent, error: Error): Error {
  const { type, payload, problem } = event;
  // Of an event that this release cannot read nobody knows what is sensitive.
  const scrub =
    problem === undefined
      ? createScrubber({ sensitive: store.sensitiveFieldsOf(type) }, payload)
      : createScrubber({ sensitive: ['payload'] }, { payload });
  const scrubbed = new Error(scrub(error.message));
  scrubbed.name = scrub(read(error, 'name'));
  scrubbed.stack = scrub(read(error, 'stack'));
  const code = codeOf(error);
  return code === undefined ? scrubbed : Object.assign(scrubbed, { code });
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
