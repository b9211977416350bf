import type { Facts } from '../../facts/index.ts';
import type { TransportListener } from '../transport.ts';

/** What a transport alone can know, stated as facts. */
export function stateFacts(facts: Facts, transport: string): TransportListener {
  return {
    lost: error => facts.state('bus.lost', { transport, error }),
    back: awayMs => facts.state('bus.back', { transport, awayMs }),
    warned: warning => facts.state('bus.warning', { transport, warning }),
    unroutable: ({ id, type, correlationId }) =>
      facts.state('event.unroutable', { eventId: id, eventType: type, transport, correlationId }),
    dropped: (subscription, dropped) => facts.state('event.dropped', { transport, subscription, dropped }),
    trimmed: (subscription, lost) => facts.state('event.trimmed', { transport, subscription, lost }),
    lag: (subscription, pending) => facts.state('subscription.lag', { transport, subscription, pending }),
  };
}
