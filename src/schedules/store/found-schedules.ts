import { keptScheduleIn } from '../record/kept-schedule.ts';
import type { FoundPage, FoundSchedules, StoredSchedule, UnreadableSchedule } from './schedule-store.ts';

/** A record as an engine has it; undefined is no JSON. */
export interface RawSchedule {
  readonly name: string;
  readonly version: number;
  readonly dueAt: number | undefined;
  readonly record: unknown;
}

/** Apart what can be read and what cannot: one that is damaged must not be in the way of others, nor be overlooked. */
export function foundIn(raw: readonly RawSchedule[]): FoundSchedules {
  const schedules: StoredSchedule[] = [];
  const unreadable: UnreadableSchedule[] = [];
  for (const { name, version, dueAt, record } of raw) {
    const schedule = keptScheduleIn(record);
    if (schedule === undefined) unreadable.push({ name, version });
    else schedules.push({ name, version, schedule, dueAt });
  }
  return { schedules, unreadable };
}

export function pageIn(raw: readonly RawSchedule[], limit: number): FoundPage {
  return { ...foundIn(raw), next: raw.length < limit ? undefined : raw.at(-1)?.name };
}

/** Undefined where it is no JSON. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
