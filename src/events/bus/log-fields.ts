import type { EventEnvelope } from '../../contracts/index.ts';
import { traceIdOf } from '../../queue/index.ts';

export interface EventLogFields {
  readonly eventId: string;
  readonly eventType: string;
  readonly traceId: string | undefined;
  readonly correlationId: string;
}

/** What a handler's log lines should carry: `logger.child(logFieldsOf(event))`. No part of the payload. */
export function logFieldsOf({ id, type, metadata }: EventEnvelope): EventLogFields {
  return {
    eventId: id,
    eventType: type,
    traceId: traceIdOf(metadata.traceparent),
    correlationId: metadata.correlationId,
  };
}
