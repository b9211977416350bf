import { setTimeout as pause } from 'node:timers/promises';
import { DESTINATION } from '../../contracts/index.ts';
import { groupName, type Engine } from '../../engine/index.ts';
import { readJobView, shownJobId } from '../../queue/index.ts';
import { openState } from '../../state/index.ts';
import { pausedUntil, type DestinationState } from './destination-state.ts';
import { sayPause } from './say-pause.ts';
import { SharedBreaker } from './shared-breaker.ts';

/** The job that has just found a destination sick is put off in a moment. */
const MOMENT_MS = 100;
const MOMENTS = 10;

/**
 * Lets one job find out now whether a paused destination is back, in place of when its pause is over. Nothing else changes: where that one fails it is paused
 * again, for longer. Answers whether it was paused.
 * @param key `QUEUE/NAME`
 */
export async function tryDestination(engine: Engine, key: string): Promise<boolean> {
  const at = key.indexOf('/');
  const [queue, name] = [key.slice(0, at), key.slice(at + 1)];
  if (at < 1 || name === '') return false;
  const now = (): number => Math.floor(engine.clock.now());
  const breaker = new SharedBreaker(await openState(engine), now);
  for (;;) {
    const { state, version } = await breaker.read(key);
    const isPaused = pausedUntil(state) > now();
    if (!isPaused && state.breaker.phase === 'closed') return false;
    const tried = isPaused ? triedAt(state, now()) : state;
    const written = isPaused ? await breaker.write(key, tried, version) : version;
    // Somebody has found something out meanwhile: what is so now is tried.
    if (written === undefined) continue;
    const group = groupName(DESTINATION, name);
    // Also where it may be tried already: whoever wrote that may have died before the group knew.
    await sayPause(await engine.turns(queue), group, { state: tried, version: written }, now, () => breaker.read(key));
    if (state.job !== undefined) await wake(engine, { queue, id: state.job }, pausedUntil(state));
    return true;
  }
}

function triedAt({ breaker, quietUntil, ...story }: DestinationState, now: number): DestinationState {
  return {
    ...story,
    breaker: breaker.phase === 'open' ? { ...breaker, until: now } : breaker,
    quietUntil: Math.min(quietUntil, now),
  };
}

/** The job that found it sick waits by itself until the pause would have been over, and perhaps no other does. Whoever gave it another time has it kept. */
async function wake(
  engine: Engine,
  place: { readonly queue: string; readonly id: string },
  until: number,
): Promise<void> {
  for (let moment = 0; moment < MOMENTS; moment += 1) {
    const view = await readJobView(engine, shownJobId(place)).catch(() => undefined);
    if (view?.waitsFor?.for === 'time' && view.waitsFor.until <= Math.ceil(until)) {
      const turns = await engine.turns(place.queue);
      await turns.change(place.id, engine.clock.now(), ({ opts }) => ({ opts, dueAt: engine.clock.now() }));
      return;
    }
    if (view?.state !== 'running') return;
    await pause(MOMENT_MS);
  }
}
