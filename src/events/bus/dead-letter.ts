import { shownData } from '../../privacy/index.ts';
import { type AnyEventContract } from '../../contracts/index.ts';
import { traceIdOf } from '../../queue/index.ts';
import { readCloudEvent } from '../envelope/cloud-event.ts';
import type { StoredLetter } from '../transport.ts';

/** An event that ended in failure for one subscription: why, and where it came from. */
export interface EventDeadLetter extends Omit<StoredLetter, 'text'> {
  /** Undefined, as what follows, where the event could not be read. */
  readonly publishedAt: Date | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly traceId: string | undefined;
  /** The payload, without what is sensitive; nothing of one that another version wrote. */
  readonly payload: unknown;
}

/** What people may see of a stored letter. */
export function shownLetter(events: ReadonlyMap<string, AnyEventContract>, stored: StoredLetter): EventDeadLetter {
  const { text, ...letter } = stored;
  const reading = readCloudEvent(text);
  const event = reading.kind === 'event' ? reading.event : undefined;
  return {
    ...letter,
    publishedAt: event?.timestamp,
    correlationId: event?.metadata.correlationId,
    causationId: event?.metadata.causationId,
    traceId: traceIdOf(event?.metadata.traceparent),
    payload: shownData(events.get(letter.eventType), event?.version, event?.data),
  };
}
