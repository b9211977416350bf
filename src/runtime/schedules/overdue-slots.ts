import type { App, Schedule } from '../../contracts/index.ts';
import type { StateStore } from '../../state/index.ts';
import { cursorIn, OVERDUE_MS, ruleOf, slotsOf, type ScheduleStore } from '../../schedules/index.ts';

/** A schedule whose slot has come and that nobody has dealt with. */
export interface OverdueSlot {
  readonly schedule: string;
  /** Milliseconds since 1970, by the engine's clock. */
  readonly slotAt: number;
  /** Of those that were made at run time: how many are late, all told as one. */
  readonly late?: number;
}

/** The oldest slot of each schedule that should have become a job by now. A rule that is new, or was changed, begins with its next slot. */
export async function readOverdueSlots(
  app: Pick<App, 'schedules'>,
  store: StateStore,
  now: number,
): Promise<readonly OverdueSlot[]> {
  if (app.schedules.length === 0) return [];
  const cursors = new Map((await store.list('schedule')).map(({ name, value }) => [name, cursorIn(value)]));
  return app.schedules.flatMap(schedule => {
    const slotAt = nextSlot(schedule, cursors.get(schedule.name));
    return slotAt === undefined || now - slotAt < OVERDUE_MS ? [] : [{ schedule: schedule.name, slotAt }];
  });
}

/** Those that were made at run time, as one: of thousands that are late the number is enough. */
export async function readLateAtRunTime(
  schedules: Pick<ScheduleStore, 'figures'>,
  now: number,
): Promise<readonly OverdueSlot[]> {
  const { due, firstDueAt } = await schedules.figures(now - OVERDUE_MS);
  return due === 0 || firstDueAt === undefined ? [] : [{ schedule: 'at run time', slotAt: firstDueAt, late: due }];
}

function nextSlot(schedule: Schedule, cursor: ReturnType<typeof cursorIn>): number | undefined {
  if (cursor === undefined || cursor.retired === true) return undefined;
  if (cursor.rule !== undefined && cursor.rule !== ruleOf(schedule)) return undefined;
  try {
    return slotsOf(schedule).next(cursor.slot);
  } catch {
    // A cron that is none refuses the start of workers, which names it.
    return undefined;
  }
}
