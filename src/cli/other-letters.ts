import { hasCode } from '../errors/index.ts';
import { readNamespace, Environment, readRedisUrl, type Variables } from '../config/index.ts';
import type { App } from '../contracts/index.ts';
import type { ParkedEvent, Projections } from '../event-store/index.ts';
import type { Bus, EventDeadLetter } from '../events/index.ts';
import { Facts } from '../facts/index.ts';
import type { Acted, OtherDeadLetter, OtherDeadLetters } from '../dead-letters/index.ts';

export interface OpenedLetters {
  readonly sources: readonly OtherDeadLetters[];
  close(): Promise<void>;
}

/**
 * The dead letters that are no jobs: of events at RABBITMQ_URL, else REDIS_URL, and of the app's projections at DATABASE_URL. Connects
 * when they are looked at.
 */
export async function openOtherLetters(app: App, variables: Variables): Promise<OpenedLetters> {
  const environment = new Environment(variables);
  const redis = readRedisUrl(environment)?.href;
  const rabbitmq = environment.url('RABBITMQ_URL', { protocols: ['amqp:', 'amqps:'] })?.href;
  const namespace = readNamespace(environment);
  const hasStore = app.eventStore !== undefined && environment.has('DATABASE_URL');
  environment.check();
  // Elsewhere events live in one process, which repeats nothing and keeps nothing.
  const isDurable = app.events.size > 0 && (redis ?? rabbitmq) !== undefined;
  const place = { redis, rabbitmq, namespace };
  const bus = isDurable ? await (await import('../boot/bus/index.ts')).openBus(app, new Facts(), place) : undefined;
  const store = hasStore
    ? await (await import('../boot/event-store/index.ts')).openProjections(app, variables)
    : undefined;
  return {
    sources: [
      ...(bus === undefined ? [] : [lettersOfBus(bus)]),
      ...(store === undefined ? [] : [lettersOfProjections(store.projections)]),
    ],
    async close() {
      await Promise.all([bus?.close(500), store?.close()]);
    },
  };
}

/** What ended in a subscription. A replay goes to that subscription alone. */
export function lettersOfBus(bus: Bus): OtherDeadLetters {
  const act = async (id: string, does: (letter: string) => Promise<boolean>): Promise<Acted> => {
    try {
      return (await does(id)) ? { id } : { id, why: 'it is no dead letter any more, or its queue is gone' };
    } catch (error) {
      // What was done before is done, and must be told.
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

/**
 * What projections have set aside. They take their events in order, so a replay of one is a replay of all of its projection; and none can
 * be left out, so there is no discard.
 */
export function lettersOfProjections(
  projections: Pick<Projections, 'status' | 'parked' | 'retryParked'>,
): OtherDeadLetters {
  const list = async (limit: number): Promise<readonly OtherDeadLetter[]> => {
    const status = await projections.status();
    const names = status.filter(({ parked }) => parked > 0).map(({ name }) => name);
    const found = await Promise.all(names.map(name => projections.parked(name, limit)));
    return found.flat().slice(0, limit).map(letterOfProjection);
  };
  return {
    kind: 'projection',
    list,
    count: async () => (await projections.status()).reduce((sum, { parked }) => sum + parked, 0),
    async replay(ids, pace) {
      for (const name of new Set(ids.map(projectionOf))) {
        await pace();
        await projections.retryParked(name);
      }
      const left = new Set((await list(Number.MAX_SAFE_INTEGER)).map(({ id }) => id));
      return ids.map(id => (left.has(id) ? { id, why: 'it failed again, or waits behind one that did' } : { id }));
    },
    discard: async ids =>
      ids.map(id => ({ id, why: 'a projection cannot leave an event out: mend it and replay, or rebuild' })),
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

function letterOfProjection({ projection, position, stream, error, parkedAt }: ParkedEvent): OtherDeadLetter {
  return {
    id: `${projection}~${position}`,
    name: stream,
    owner: projection,
    reason: error === undefined ? 'waits' : 'failed',
    error: error ?? 'it stands behind an earlier one of its stream',
    attempts: error === undefined ? 0 : 1,
    enqueuedAt: undefined,
    endedAt: parkedAt.getTime(),
    provenance: { stream, position: String(position) },
    data: undefined,
  };
}

function projectionOf(id: string): string {
  return id.slice(0, id.lastIndexOf('~'));
}
