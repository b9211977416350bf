import { Cron } from 'croner';
import type { App, Schedule } from '../../contracts/index.ts';

/** The times at which a schedule is due. Milliseconds since 1970. */
export interface Slots {
  /** The first slot after the given time; undefined when there is none. */
  next(after: number): number | undefined;
}

export function slotsOf({ when }: Schedule): Slots {
  if (when.kind === 'every') {
    return { next: after => (Math.floor(after / when.everyMs) + 1) * when.everyMs };
  }
  const cron = new Cron(when.cron, { timezone: when.timeZone, paused: true });
  return { next: after => cron.nextRun(new Date(after))?.getTime() };
}

/** Slots after `after` up to and including `until`, oldest first, the newest `limit` of them. */
export function dueSlots(slots: Slots, after: number, until: number, limit: number): readonly number[] {
  const due: number[] = [];
  for (let slot = slots.next(after); slot !== undefined && slot <= until; slot = slots.next(slot)) {
    due.push(slot);
    if (due.length > limit) due.shift();
  }
  return due;
}

/** Why the app's schedules cannot work; empty when they can. */
export function scheduleProblems(app: App, now = Date.now()): readonly string[] {
  return app.schedules.flatMap(schedule => {
    const { name, when } = schedule;
    if (when.kind === 'every') return [];
    const said = `schedule "${name}" with cron "${when.cron.slice(0, 100)}" in ${when.timeZone.slice(0, 60)}`;
    try {
      return slotsOf(schedule).next(now) === undefined
        ? [`Expected ${said} to fire some time, but it never does.`]
        : [];
    } catch (error) {
      const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
      return [`Expected ${said} to be a cron of five or six fields in a known time zone (${why}).`];
    }
  });
}
