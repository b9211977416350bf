import type { StoreParts } from '../store-parts.ts';
import type { BatchTarget } from '../project/project-batch.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/** Events that no contract of the store has pass by, or stop the projection: `onUnknown`. */
export function isKnown({ problem }: StoredEvent): boolean {
  return problem?.kind !== 'unknown-type';
}

/** Nobody else will notice that they were passed over. */
export function emitUnhandled(
  { facts }: StoreParts,
  { projection, generation }: BatchTarget,
  unknown: readonly StoredEvent[],
): void {
  for (const { position, type: eventType, problem } of unknown) {
    const reason = problem?.detail ?? '';
    facts.emit('projection.unhandled', { projection: projection.name, generation, position, eventType, reason });
  }
}
