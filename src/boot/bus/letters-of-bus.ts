import { hasCode } from '../../errors/index.ts';
import type { Acted, OtherDeadLetters, OtherDeadLetter } from '../../dead-letters/index.ts';
import type { Bus, EventDeadLetter } from '../../events/index.ts';

/** What ended in a subscription. A replay goes to that subscription alone. */
export function lettersOfBus(bus: Bus): OtherDeadLetters {
  const act = async (id: string, does: (letter: string) => Promise<boolean>): Promise<Acted> => {
    try {
      return (await does(id)) ? { id } : { id, why: 'it is no dead letter any more, or its queue is gone' };
    } catch (error) {
      // What was done before is done, and the answer must say so.
      return {
        id,
        why: hasCode(error, 'BUS_UNAVAILABLE')
          ? 'the bus is away: nobody knows whether it was done'
          : 'the bus refused',
      };
    }
  };
  return {
    kind: 'event',
    what: 'Event',
    list: async limit => (await bus.deadLetters(limit)).map(letterOfEvent),
    count: () => bus.countDeadLetters(),
    async replay(ids, pace) {
      const acted: Acted[] = [];
      for (const id of ids) {
        await pace();
        acted.push(await act(id, letter => bus.replayDeadLetter(letter)));
      }
      return acted;
    },
    async discard(ids) {
      const acted: Acted[] = [];
      for (const id of ids) acted.push(await act(id, letter => bus.discardDeadLetter(letter)));
      return acted;
    },
  };
}

function letterOfEvent(letter: EventDeadLetter): OtherDeadLetter {
  const { id, subscription, eventId, eventType, reason, error, attempts, diedAt, publishedAt, payload } = letter;
  const { correlationId, causationId, traceId } = letter;
  return {
    id,
    name: eventType || 'unreadable',
    owner: subscription,
    reason,
    error,
    attempts,
    enqueuedAt: publishedAt?.getTime(),
    endedAt: diedAt.getTime(),
    provenance: { event: eventId || undefined, correlation: correlationId, cause: causationId, trace: traceId },
    data: payload,
  };
}
