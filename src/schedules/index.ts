/**
 * When kinds of work are due: which moments a rule names, how far each schedule has come, and the index of those that were made at run time. Below both
 * sides: producers make schedules, workers turn their slots into jobs. Imports the engine and the state.
 *
 * @module
 */
export {
  CURSOR_KEPT_MS,
  cursorIn,
  kept,
  remember,
  ruleOf,
  type Cursor,
  type SchedulePause,
  type SlotFate,
  type SlotRecord,
} from './record/cursor.ts';
export { type KeptSchedule, type ScheduleHitch, type WhoAndWhen } from './record/kept-schedule.ts';
export { openSchedules } from './store/open-schedules.ts';
export type {
  FoundSchedules,
  ScheduleChange,
  ScheduleFigures,
  ScheduleStore,
  StoredSchedule,
  UnreadableSchedule,
} from './store/schedule-store.ts';
export { LEAD_LEASE_MS, OVERDUE_MS } from './times/lead-times.ts';
export { dueSlots, knownSlots, scheduleProblems, slotsOf, type Slots } from './times/slots.ts';
