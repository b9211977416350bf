import type { Engine } from '../../engine/index.ts';
import { CANCELS, placeOf } from '../../queue/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import type { RunningJobs } from '../run/running-jobs.ts';

const LOOK_EVERY_MS = 1_000;

/**
 * Brings cancels to the jobs that run here: while any does, one small read a second for the whole process. A message could be
 * lost; what is looked at cannot. Answers a function that stops.
 */
export function watchCancels(engine: Engine, running: RunningJobs): () => void {
  let state: StateStore | undefined;
  let looking = false;
  const look = async (): Promise<void> => {
    state ??= await openState(engine);
    for (const { name, value } of await state.list(CANCELS)) {
      const reason = typeof value === 'object' && value !== null && 'reason' in value ? String(value.reason) : '';
      const place = placeOf(name);
      if (place !== undefined) running.find(place.id, place.queue)?.cancel(reason);
    }
  };
  const timer = setInterval(() => {
    // A look that waits for an engine that is away is looking still.
    if (looking || running.size === 0) return;
    looking = true;
    void look()
      .catch(() => undefined)
      .finally(() => (looking = false));
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}
