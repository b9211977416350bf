import type { EventFields } from '../../facts/index.ts';
import { traceIdOf } from '../../queue/index.ts';
import { readCloudEvent, writeCloudEvent } from '../envelope/cloud-event.ts';
import type { StampedEvent } from '../envelope/stamp-event.ts';
import type { OutgoingEvent } from '../transport.ts';

/** The text that travels, and what a transport may know of it. */
export function outgoing(event: StampedEvent, source: string): OutgoingEvent {
  return {
    id: event.id,
    type: event.contract.name,
    timestamp: event.timestamp,
    correlationId: event.metadata.correlationId,
    text: writeCloudEvent(event, source),
  };
}

/** For facts about an event of which only the text is at hand. */
export function fieldsOf({ id, type, correlationId, text }: OutgoingEvent, transport: string): EventFields {
  const reading = readCloudEvent(text);
  const traceId = traceIdOf(reading.kind === 'event' ? reading.event.metadata.traceparent : undefined);
  return { eventId: id, eventType: type, transport, correlationId, traceId };
}
