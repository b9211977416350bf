import type { App } from '../../contracts/index.ts';
import type { Engine, EngineSpace } from '../../engine/index.ts';
import { readQueueFigures, type QueueFigures } from '../../queue/index.ts';
import { readFleet, readOverdueSlots } from '../../runtime/index.ts';
import { openSchedules } from '../../schedules/index.ts';
import { openState } from '../../state/index.ts';

/** A queue, with what keeps its jobs from being started. */
export interface StandingQueue extends QueueFigures {
  /** Destinations that are sick. */
  readonly sick: number;
}

/** How the work of an app stands, in numbers that fit into metrics. */
export interface Standing {
  readonly queues: readonly StandingQueue[];
  readonly hosts: { readonly alive: number; readonly lost: number };
  readonly overdue: readonly { readonly schedule: string; readonly overdueMs: number }[];
  /** Schedules that were made at run time: how many there are, and for how long the one that is due longest has been due. */
  readonly atRunTime: { readonly count: number; readonly lagMs: number };
  /** What the engine has stored, with what each queue takes; left out where it does not tell. */
  readonly space?: EngineSpace | undefined;
}

/** A host that was lost longer ago is history. */
export const LOST_MS = 60 * 60_000;

/** Rejects when the engine does not answer. */
export async function readStanding(app: App, engine: Engine): Promise<Standing> {
  const now = engine.clock.now();
  const [fleet, atRunTime, overdue, queues, space] = await Promise.all([
    readFleet(engine, now),
    openSchedules(engine).figures(now),
    openState(engine).then(store => readOverdueSlots(app, store, now)),
    readQueueFigures(engine, app.queues.keys()),
    // An account may lack the right to ask.
    engine.space([...app.queues.keys()]).catch(() => undefined),
  ]);
  return {
    queues: queues.map(queue => ({
      ...queue,
      sick: fleet.paused.filter(({ key }) => key.startsWith(`${queue.name}/`)).length,
    })),
    hosts: {
      alive: fleet.hosts.length,
      lost: fleet.gone.filter(({ how, goneAt }) => how === 'lost' && now - goneAt < LOST_MS).length,
    },
    overdue: overdue.map(({ schedule, slotAt }) => ({ schedule, overdueMs: now - slotAt })),
    atRunTime: { count: atRunTime.count, lagMs: Math.max(0, now - (atRunTime.firstDueAt ?? now)) },
    ...(space !== undefined && { space }),
  };
}
