import type { EventFields } from '../../facts/index.ts';
import { traceIdOf } from '../../queue/index.ts';
import { writeCloudEvent } from '../envelope/cloud-event.ts';
import type { StampedEvent } from '../envelope/stamp-event.ts';
import type { OutgoingEvent } from '../transport.ts';

/** The text that travels, and what a transport may know of it. */
export function outgoing(event: StampedEvent, source: string): OutgoingEvent {
  return {
    id: event.id,
    type: event.contract.name,
    timestamp: event.timestamp,
    correlationId: event.metadata.correlationId,
    traceparent: event.metadata.traceparent,
    text: writeCloudEvent(event, source),
  };
}

/** For facts about an event that is sent. */
export function fieldsOf(event: OutgoingEvent, transport: string): EventFields {
  const { id, type, correlationId, traceparent } = event;
  return { eventId: id, eventType: type, transport, correlationId, traceId: traceIdOf(traceparent) };
}
