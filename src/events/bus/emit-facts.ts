import type { Facts } from '../../facts/index.ts';
import type { TransportListener } from '../transport.ts';

/** What a transport alone can know, stated as facts. */
export function emitFacts(facts: Facts, transport: string): TransportListener {
  return {
    lost: error => facts.emit('bus.lost', { transport, error }),
    back: awayMs => facts.emit('bus.back', { transport, awayMs }),
    warned: warning => facts.emit('bus.warning', { transport, warning }),
    unroutable: ({ id, type, correlationId }) =>
      facts.emit('event.unroutable', { eventId: id, eventType: type, transport, correlationId }),
    dropped: (subscription, dropped) => facts.emit('event.dropped', { transport, subscription, dropped }),
    trimmed: (subscription, lost) => facts.emit('event.trimmed', { transport, subscription, lost }),
    lag: (subscription, pending) => facts.emit('subscription.lag', { transport, subscription, pending }),
  };
}
