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

const FIRST_STRETCH_MS = 600_000;
const LONGEST_STRETCH_MS = 6 * 3_600_000;

/**
 * Slots after `after` up to and including `until`, oldest first, the newest `limit` of them. Looked for from the end, in stretches: a cron
 * takes 0.1 to 0.2 ms for a slot (measured), and there may be a month of seconds.
 */
export function dueSlots(slots: Slots, after: number, until: number, limit: number): readonly number[] {
  const due: number[] = [];
  let stretchMs = FIRST_STRETCH_MS;
  for (let to = until; to > after && due.length < limit; stretchMs = Math.min(2 * stretchMs, LONGEST_STRETCH_MS)) {
    const from = Math.max(after, to - stretchMs);
    due.unshift(...slotsIn(slots, from, to, limit));
    to = from;
  }
  return due.slice(-limit);
}

function slotsIn(slots: Slots, from: number, to: number, limit: number): readonly number[] {
  const found: number[] = [];
  for (let slot = slots.next(from); slot !== undefined && slot <= to; slot = slots.next(slot)) {
    found.push(slot);
    if (found.length > limit) found.shift();
  }
  return found;
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
