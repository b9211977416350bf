import { DESTINATION } from '../../contracts/index.ts';
import { groupName, type Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { pausedUntil, stateIn, storedForm } from './destination-state.ts';
import { DESTINATIONS } from './shared-breaker.ts';

const KEPT_MS = 86_400_000;

/**
 * Lets one job find out now whether a paused destination is back, in place of when its pause is over. Nothing else changes: where that one fails it is paused
 * again, for longer. Answers whether it was paused.
 * @param key `QUEUE/NAME`
 */
export async function tryDestination(engine: Engine, key: string): Promise<boolean> {
  const at = key.indexOf('/');
  const [queue, name] = [key.slice(0, at), key.slice(at + 1)];
  const store = await openState(engine);
  const entry = at < 1 || name === '' ? undefined : await store.get(DESTINATIONS, key);
  if (entry === undefined) return false;
  const now = Math.floor(engine.clock.now());
  const state = stateIn(entry.value);
  if (pausedUntil(state) <= now) return state.breaker.phase !== 'closed';
  const breaker = state.breaker.phase === 'open' ? { ...state.breaker, until: now } : state.breaker;
  const tried = storedForm({ ...state, breaker, quietUntil: Math.min(state.quietUntil, now) });
  // Whoever was quicker has found something out, or asked for the same.
  await store.compareAndSet(DESTINATIONS, key, entry.version, tried, KEPT_MS);
  const turns = await engine.turns(queue);
  const group = groupName(DESTINATION, name);
  if (breaker.phase === 'closed') await turns.resumeGroup(group, 'breaker');
  else await turns.pauseGroup(group, { by: 'breaker', until: now, probes: true });
  return true;
}
