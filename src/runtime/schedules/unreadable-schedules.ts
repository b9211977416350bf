import type { ScheduleStore, UnreadableSchedule } from '../../schedules/index.ts';
import type { StateStore } from '../../state/index.ts';

const MET = 'unreadable-schedules';
/** Whoever leads meets each of them again within five minutes. */
const KEPT_MS = 15 * 60_000;
/** Of those that are met together: of thousands some are enough. */
export const MOST_NOTED = 100;

/** Notes which schedules made at run time could not be read as they came due, for whoever shows what is wrong: nobody walks through all of them for that. */
export async function noteUnreadable(state: StateStore, schedules: readonly UnreadableSchedule[]): Promise<void> {
  await Promise.all(schedules.slice(0, MOST_NOTED).map(({ name }) => state.set(MET, name, true, KEPT_MS)));
}

/** The names of those that were met of late and still cannot be read: one that was made anew, or removed, is none of them. */
export async function readUnreadable(state: StateStore, schedules: ScheduleStore): Promise<readonly string[]> {
  const met = (await state.list(MET)).map(({ name }) => name);
  if (met.length === 0) return [];
  return (await schedules.get(met)).unreadable.map(({ name }) => name).toSorted();
}
