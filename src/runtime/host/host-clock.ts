import { ClockWatch, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { supervisorOf } from '../supervisor/child/messages.ts';
import { clocksOfOthers } from '../supervisor/fleet/presence.ts';

/** Watches the clock for a worker. `facts` is left out where its supervisor says it for all of its workers. */
export function watchHostClock(engine: Engine, worker: string, facts: Facts | undefined): ClockWatch {
  const others = async (): Promise<readonly number[]> => clocksOfOthers(await openState(engine), supervisorOf(worker));
  return new ClockWatch({ clock: engine.clock, engine: engine.kind, facts, others });
}
