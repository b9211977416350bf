import { Cron } from 'croner';
import type { App, Schedule } from '../../contracts/index.ts';
import { Zone } from './zone.ts';

/** The times at which a schedule is due. Milliseconds since 1970. */
export interface Slots {
  /** The first slot after the given time; undefined when there is none. */
  next(after: number): number | undefined;
}

const SECOND_MS = 1_000;
/** Longer than clocks are ever put back by. */
const LOOK_BACK_MS = 26 * 3_600_000;

const ZONES_KEPT = 100;
const zones = new Map<string, Zone>();

/** What tells the offsets of a zone takes milliseconds to make. @throws Error when there is none of the name */
function zoneOf(name: string): Zone {
  const zone = zones.get(name) ?? new Zone(name);
  if (zones.size >= ZONES_KEPT) zones.clear();
  zones.set(name, zone);
  return zone;
}

/** @throws Error when the cron or its time zone is none */
export function slotsOf({ when }: Pick<Schedule, 'when'>): Slots {
  if (when.kind === 'every') {
    return { next: after => (Math.floor(after / when.everyMs) + 1) * when.everyMs };
  }
  const fields = when.cron.trim().split(/\s+/);
  // What else the library reads: `@daily`, a seventh field for years, a date. None of it says what is to be when clocks change.
  if (fields.length < 5 || fields.length > 6) throw new Error(`found ${fields.length} fields`);
  const times = fields.slice(0, fields.length - 3);
  const isInterval = times.some(field => /[*?]/.test(field));
  return new CronSlots(when.cron, zoneOf(when.timeZone), isInterval);
}

/**
 * The library reads the cron and names times on the wall, as if no clock ever changed; which moments those are is found out here. (Its
 * own reckoning loses what lies in a gap at the end of a day, such as 23:30 in Nuuk on 2026-03-28; `npm test` compares this one with
 * a count of all minutes.)
 */
class CronSlots implements Slots {
  readonly #walls: Cron;
  readonly #zone: Zone;
  /** Every such moment that there is, and no other. Else fixed times: each once, those that the clocks skip at the end of the gap. */
  readonly #isInterval: boolean;

  constructor(cron: string, zone: Zone, isInterval: boolean) {
    this.#walls = new Cron(cron, { timezone: 'UTC', paused: true });
    this.#zone = zone;
    this.#isInterval = isInterval;
  }

  next(after: number): number | undefined {
    const at = Math.floor(after / SECOND_MS) * SECOND_MS;
    const before = this.#zone.stretchAt(at - LOOK_BACK_MS);
    let stretch = this.#zone.stretchAt(at);
    let shown = at + stretch.offset;
    // Fixed times that were on the wall before the clocks were put back are over, although they come again.
    if (!this.#isInterval && before.until <= at) shown = Math.max(shown, before.until + before.offset - SECOND_MS);
    for (;;) {
      const wall = this.#walls.nextRun(new Date(shown))?.getTime();
      if (wall === undefined) return undefined;
      const end = stretch.until + stretch.offset;
      if (wall < end) return wall - stretch.offset;
      const change = stretch.until;
      stretch = this.#zone.stretchAt(change);
      const begin = change + stretch.offset;
      // In the gap that the clocks skip: at its end, all as one.
      if (!this.#isInterval && wall < begin) return change;
      shown = (this.#isInterval ? begin : Math.max(begin, end)) - SECOND_MS;
    }
  }
}

const RULES_KEPT = 1_000;
const ANSWERS_KEPT = 64;
const known = new Map<string, Slots>();

/**
 * The same, remembered: thousands of schedules that were made at run time share a rule, and are due at the same moments.
 * @throws as `slotsOf`
 */
export function knownSlots(when: Schedule['when']): Slots {
  if (when.kind === 'every') return slotsOf({ when });
  const rule = `${when.timeZone} ${when.cron}`;
  const found = known.get(rule) ?? remembering(slotsOf({ when }));
  // The one that was asked for longest ago goes.
  known.delete(rule);
  known.set(rule, found);
  const [oldest] = known.keys();
  if (known.size > RULES_KEPT && oldest !== undefined) known.delete(oldest);
  return found;
}

function remembering(slots: Slots): Slots {
  const answers = new Map<number, number | undefined>();
  return {
    next(after) {
      const answer = answers.has(after) ? answers.get(after) : slots.next(after);
      if (answers.size >= ANSWERS_KEPT && !answers.has(after)) answers.clear();
      answers.set(after, answer);
      return answer;
    },
  };
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
