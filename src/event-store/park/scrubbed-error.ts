import { codeOf } from '../../errors/index.ts';
import { createScrubber } from '../../privacy/index.ts';
import type { StoreParts } from '../store-parts.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/**
 * What a projection failed with on an event, as it may be stored and emitted: without the values that a contract calls sensitive or that
 * are encrypted with a person's key. What a log or a dead letter keeps, erasing that person does not reach.
 */
export function scrubbedError(store: StoreParts, event: StoredEvent, error: Error): Error {
  const { type, payload, problem } = event;
  // Of an event that this release cannot read nobody knows what is sensitive.
  const scrub =
    problem === undefined
      ? createScrubber({ sensitive: sensitiveFieldsOf(store, type) }, payload)
      : createScrubber({ sensitive: ['payload'] }, { payload });
  const scrubbed = new Error(scrub(error.message));
  scrubbed.name = scrub(read(error, 'name'));
  scrubbed.stack = scrub(read(error, 'stack'));
  const code = codeOf(error);
  return code === undefined ? scrubbed : Object.assign(scrubbed, { code });
}

/** Fields of events of that type whose values are not for logs: what the contract calls sensitive, and what is encrypted. */
function sensitiveFieldsOf({ contracts, vault }: StoreParts, type: string): readonly string[] {
  return [...(contracts.get(type)?.sensitive ?? []), ...vault.fieldsOf(type)];
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
