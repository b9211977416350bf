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
  const cron = new Cron(withListedSteps(when.cron), {
    timezone: when.timeZone,
    paused: true,
    // Its default keeps the promise for single values alone: `0 2,14 * * *` was lost in the gap and doubled in the repeated hour.
    fixedTimeRule: 'no-wildcard',
  });
  return { next: after => cron.nextRun(new Date(after))?.getTime() };
}

const STEPPED_RANGE = /(?<![\d/])(\d{1,2})-(\d{1,2})\/(\d{1,2})(?!\d)/g;

/** `1-5/2` as the list that it stands for, in the fields of the time: croner takes any step for an interval, and those are fixed times. */
function withListedSteps(cron: string): string {
  const fields = cron.trim().split(/\s+/);
  const times = fields.length > 5 ? 3 : 2;
  return fields.map((field, index) => (index < times ? field.replaceAll(STEPPED_RANGE, listed) : field)).join(' ');
}

/** What is no range is left as it is, for croner to refuse. */
function listed(text: string, first: string, last: string, step: string): string {
  const [from, to, by] = [Number(first), Number(last), Number(step)];
  if (by === 0 || from > to) return text;
  const values: number[] = [];
  for (let value = from; value <= to; value += by) values.push(value);
  return values.join(',');
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
