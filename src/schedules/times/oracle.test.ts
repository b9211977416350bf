import { describe, expect, test } from 'vitest';
import type { Schedule } from '../../contracts/index.ts';
import { slotsOf } from './slots.ts';

/**
 * Every form of a cron in zones with every kind of change, against a count that looks at each minute (each second in the forms with
 * seconds). A few of each by default; all of them for two years with `ORACLE=whole npx vitest run --project unit src/schedules/times/oracle`.
 */
const WHOLE = process.env['ORACLE'] === 'whole';

interface Place {
  readonly zone: string;
  readonly what: string;
  readonly from: string;
  /** Days in which the clocks change: what is looked at by default. */
  readonly around: readonly string[];
}

const PLACES: readonly Place[] = [
  { zone: 'UTC', what: 'none', from: '2026-01-01', around: ['2026-02-28'] },
  { zone: 'Europe/Berlin', what: 'an hour, north', from: '2026-01-01', around: ['2026-03-29', '2026-10-25'] },
  { zone: 'America/New_York', what: 'an hour, west', from: '2026-01-01', around: ['2026-03-08', '2026-11-01'] },
  { zone: 'America/Santiago', what: 'at midnight, south', from: '2026-01-01', around: ['2026-04-05', '2026-09-06'] },
  { zone: 'Australia/Sydney', what: 'an hour, south', from: '2026-01-01', around: ['2026-04-05', '2026-10-04'] },
  { zone: 'Australia/Lord_Howe', what: 'half an hour', from: '2026-01-01', around: ['2026-04-05', '2026-10-04'] },
  { zone: 'Asia/Beirut', what: 'at midnight, forward', from: '2026-01-01', around: ['2026-03-29', '2026-10-25'] },
  { zone: 'Africa/Cairo', what: 'at midnight, both', from: '2026-01-01', around: ['2026-04-24', '2026-10-29'] },
  {
    zone: 'America/Asuncion',
    what: 'at midnight, until 2024',
    from: '2023-01-01',
    around: ['2023-03-26', '2023-10-01'],
  },
  { zone: 'America/Nuuk', what: 'at the end of a day', from: '2026-01-01', around: ['2026-03-28', '2026-10-24'] },
  {
    zone: 'America/Havana',
    what: 'at midnight, back at one',
    from: '2026-01-01',
    around: ['2026-03-08', '2026-11-01'],
  },
  {
    zone: 'America/St_Johns',
    what: 'offsets of half an hour',
    from: '2026-01-01',
    around: ['2026-03-08', '2026-11-01'],
  },
  { zone: 'Pacific/Apia', what: 'a day that was skipped', from: '2011-01-01', around: ['2011-09-24', '2011-12-30'] },
  { zone: 'Asia/Kathmandu', what: 'offsets of three quarters', from: '2026-01-01', around: ['2026-05-05'] },
  { zone: 'Antarctica/Troll', what: 'two hours', from: '2026-01-01', around: ['2026-03-29', '2026-10-25'] },
  { zone: 'Africa/Casablanca', what: 'for a month only', from: '2026-01-01', around: ['2026-02-15', '2026-03-22'] },
  { zone: 'Asia/Pyongyang', what: 'half an hour, for good', from: '2017-06-01', around: ['2018-05-05'] },
  { zone: 'Europe/Istanbul', what: 'no more changes', from: '2015-06-01', around: ['2015-11-08', '2016-03-27'] },
];

const FORMS: readonly string[] = [
  // Intervals.
  '* * * * *',
  '*/7 * * * *',
  '30 * * * *',
  '0,30 * * * *',
  '*/20 2 * * *',
  '15 */2 * * *',
  '* 0 * * *',
  '5 * * * MON-FRI',
  // Fixed times.
  '30 2 * * *',
  '0 0 * * *',
  '30 0 * * *',
  '30 1 * * *',
  '30 23 * * *',
  '59 23 * * *',
  '0 2,14 * * *',
  '0,30 2 * * *',
  '30 1-3 * * *',
  '15 2-4/2 * * *',
  '0-30/10 0-3 * * *',
  '45 22-23 * * *',
  '0 9 * * 1-5',
  '0 9 * * SUN',
  '30 2 * * 0',
  '30 2 * * 7',
  '0 0 1 * *',
  '0 0 L * *',
  '30 2 29 3 *',
  '30 0 */2 * *',
  '0 9 1,15 * MON',
  '0 9 30 12 *',
  '0 9 * JAN-MAR,OCT *',
  '0 6 * * 5#2',
  '0 6 * * FRI#1',
  '0 6 * * 5L',
  '0 6 29 2 *',
];

/** With seconds: looked at by the second, on the days of change alone. */
const SECONDS: readonly string[] = [
  '*/15 * * * * *',
  '30 0 * * * *',
  '15,45 30 2 * * *',
  '0 30 0-2 * * *',
  '59 59 23 * * *',
];

const DAY = 86_400_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;

/** These in each zone; of the others each in two. */
const EVERYWHERE = ['30 23 * * *', '0 0 * * *', '30 1-3 * * *'];

describe.each(PLACES.map((place, index) => ({ ...place, index })))(
  'crons in $zone ($what)',
  ({ zone, from, around, index: place }) => {
    const clock = wallOf(zone);
    const isHere = (cron: string, index: number): boolean =>
      WHOLE || EVERYWHERE.includes(cron) || (index - place) % PLACES.length === 0;

    test.each(FORMS.filter(isHere))('%s', { timeout: 600_000 }, cron => {
      const spans = WHOLE
        ? [{ from: Date.parse(from), until: Date.parse(from) + 2 * 365 * DAY }]
        : around.map(day => ({ from: Date.parse(day) - DAY, until: Date.parse(day) + 2 * DAY }));
      for (const span of spans) expect(computed(cron, zone, span)).toEqual(counted(cron, clock, span, MINUTE));
    });

    test.each(WHOLE ? SECONDS : SECONDS.slice(0, 1))('%s', { timeout: 600_000 }, cron => {
      for (const day of around) {
        const aroundMs = WHOLE ? 24 * HOUR : 10 * MINUTE;
        const span = { from: Date.parse(day) - aroundMs, until: Date.parse(day) + aroundMs };
        expect(computed(cron, zone, span)).toEqual(counted(cron, clock, span, 1_000));
      }
    });
  },
);

interface Span {
  readonly from: number;
  readonly until: number;
}

function computed(cron: string, timeZone: string, { from, until }: Span): string[] {
  const when: Schedule['when'] = { kind: 'cron', cron, timeZone };
  const slots = slotsOf({ when });
  const found: string[] = [];
  for (let slot = slots.next(from - 1); slot !== undefined && slot < until; slot = slots.next(slot))
    found.push(shown(slot));
  return found;
}

/** What a clock on the wall shows, minus UTC: asked of the runtime each quarter of an hour, between which nothing changes. */
function wallOf(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  const known = new Map<number, number>();
  return at => {
    const quarter = Math.floor(at / (15 * MINUTE));
    let offset = known.get(quarter);
    if (offset === undefined) {
      offset = Date.parse(`${format.format(quarter * 15 * MINUTE).replace(' ', 'T')}Z`) - quarter * 15 * MINUTE;
      known.set(quarter, offset);
    }
    return at + offset;
  };
}

/** Goes through all moments in their order and looks at the wall. */
function counted(cron: string, wall: (at: number) => number, { from, until }: Span, stepMs: number): string[] {
  const { matches, isInterval } = read(cron);
  const found: string[] = [];
  // Some hours before, so that it is known what the wall has shown already.
  let latest = wall(from - 3 * HOUR);
  for (let at = from - 3 * HOUR; at < until; at += stepMs) {
    const now = wall(at);
    let due: boolean;
    if (isInterval) due = matches(now);
    else {
      due = now > latest && matches(now);
      // What the wall has skipped since the moment before.
      for (let skipped = latest + stepMs; skipped < now && !due; skipped += stepMs) due = matches(skipped);
      latest = Math.max(latest, now);
    }
    if (due && at >= from) found.push(shown(at));
  }
  return found;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function read(cron: string): { readonly matches: (wall: number) => boolean; readonly isInterval: boolean } {
  const parts = cron.split(' ');
  const [second = '0', minute = '', hour = '', day = '', month = '', weekday = ''] =
    parts.length === 6 ? parts : ['0', ...parts];
  const seconds = values(second, 0, 59);
  const minutes = values(minute, 0, 59);
  const hours = values(hour, 0, 23);
  const months = values(named(month, MONTHS, 1), 1, 12);
  return {
    isInterval: [second, minute, hour].some(field => field.includes('*')),
    matches(wall) {
      const date = new Date(wall);
      if (!seconds.has(date.getUTCSeconds()) || !minutes.has(date.getUTCMinutes()) || !hours.has(date.getUTCHours()))
        return false;
      if (!months.has(date.getUTCMonth() + 1)) return false;
      const onDay = isDay(day, date);
      const onWeekday = isWeekday(named(weekday, DAYS, 0), date);
      // Either, where both are said.
      if (day === '*' || weekday === '*') return onDay && onWeekday;
      return onDay || onWeekday;
    },
  };
}

function isDay(field: string, date: Date): boolean {
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return field === 'L' ? date.getUTCDate() === last : values(field, 1, 31).has(date.getUTCDate());
}

function isWeekday(field: string, date: Date): boolean {
  const [day, which] = field.split('#');
  if (which !== undefined)
    return date.getUTCDay() === Number(day) && Math.ceil(date.getUTCDate() / 7) === Number(which);
  if (field.endsWith('L')) {
    const week = new Date(date.getTime() + 7 * DAY);
    return date.getUTCDay() === Number(field.slice(0, -1)) && week.getUTCMonth() !== date.getUTCMonth();
  }
  const days = values(field, 0, 7);
  return days.has(date.getUTCDay()) || (date.getUTCDay() === 0 && days.has(7));
}

function named(field: string, names: readonly string[], first: number): string {
  return names.reduce((text, name, index) => text.replaceAll(name, String(index + first)), field);
}

function values(field: string, least: number, most: number): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [low, high] = range === '*' ? [least, most] : range.split('-').map(Number);
    for (let value = low ?? 0; value <= (high ?? low ?? 0); value += Number(step)) found.add(value);
  }
  return found;
}

function shown(at: number): string {
  return new Date(at).toISOString();
}
