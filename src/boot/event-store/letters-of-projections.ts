import type { OtherDeadLetter, OtherDeadLetters } from '../../dead-letters/index.ts';
import type { ParkedEvent, Projections } from '../../event-store/index.ts';

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
    what: 'Event of a projection',
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
