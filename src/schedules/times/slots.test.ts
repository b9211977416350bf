import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, defineSchedule, type ScheduleDefinition } from '../../contracts/index.ts';
import { dueSlots, scheduleProblems, slotsOf } from './slots.ts';

const job = defineJob({ queue: 'reports', name: 'report', schema: z.object({}) });
const schedule = (parts: Partial<ScheduleDefinition<typeof job.schema>>) =>
  defineSchedule({ name: 'report', job, data: {}, ...parts });
const at = (text: string): number => Date.parse(text);
const between = (parts: Parameters<typeof schedule>[0], from: string, to: string): string[] =>
  dueSlots(slotsOf(schedule(parts)), at(from), at(to), 1_000).map(slot => new Date(slot).toISOString());

describe('slots', () => {
  test('every means the same moments on every host, whenever it started', () => {
    const slots = slotsOf(schedule({ every: '5m' }));
    expect([0, 1, 299_999].map(after => slots.next(after))).toEqual([300_000, 300_000, 300_000]);
    expect(slots.next(300_000)).toBe(600_000);
  });

  test('a cron is read in its time zone', () => {
    const berlin = { cron: '0 9 * * 1-5', timeZone: 'Europe/Berlin' };
    expect(between(berlin, '2026-07-03T00:00:00Z', '2026-07-07T00:00:00Z')).toEqual([
      '2026-07-03T07:00:00.000Z',
      '2026-07-06T07:00:00.000Z',
    ]);
    expect(between(berlin, '2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z')).toEqual(['2026-12-01T08:00:00.000Z']);
  });

  test('a time that the clocks skip in spring runs right after the gap, once', () => {
    const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
    expect(between(nightly, '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z')).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
  });

  test('a time that the clocks repeat in autumn runs once, at its first occurrence', () => {
    const nightly = { cron: '30 2 * * *', timeZone: 'Europe/Berlin' };
    expect(between(nightly, '2026-10-24T12:00:00Z', '2026-10-26T12:00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test.each([
    ['0 2,14 * * *', ['2026-03-29T01:00:00.000Z', '2026-03-29T12:00:00.000Z']],
    ['0,30 2 * * *', ['2026-03-29T01:00:00.000Z']],
    ['30 1-3 * * *', ['2026-03-29T00:30:00.000Z', '2026-03-29T01:00:00.000Z', '2026-03-29T01:30:00.000Z']],
    ['30 2-4/2 * * *', ['2026-03-29T01:00:00.000Z', '2026-03-29T02:30:00.000Z']],
  ])('what "%s" names of the hour that the clocks skip in spring runs right after it, as one', (cron, expected) => {
    expect(between({ cron, timeZone: 'Europe/Berlin' }, '2026-03-28T20:00:00Z', '2026-03-29T20:00:00Z')).toEqual(
      expected,
    );
  });

  test.each([
    ['0 2,14 * * *', ['2026-10-25T00:00:00.000Z', '2026-10-25T13:00:00.000Z']],
    ['0,30 2 * * *', ['2026-10-25T00:00:00.000Z', '2026-10-25T00:30:00.000Z']],
    ['15 1-3 * * *', ['2026-10-24T23:15:00.000Z', '2026-10-25T00:15:00.000Z', '2026-10-25T02:15:00.000Z']],
    ['15 2-4/2 * * *', ['2026-10-25T00:15:00.000Z', '2026-10-25T03:15:00.000Z']],
  ])('what "%s" names of the hour that the clocks repeat in autumn runs once', (cron, expected) => {
    expect(between({ cron, timeZone: 'Europe/Berlin' }, '2026-10-24T20:00:00Z', '2026-10-25T20:00:00Z')).toEqual(
      expected,
    );
  });

  test('the list of a stepped range ends with it, with seconds too', () => {
    const shown = (cron: string): string[] => between({ cron }, '2026-01-01T00:00:00Z', '2026-01-01T05:59:59Z');
    expect(shown('0 1-5/2,4 * * *')).toEqual(shown('0 1,3,4,5 * * *'));
    expect(shown('10-40/15 0 1-2/5 * * *')).toEqual(shown('10,25,40 0 1 * * *'));
  });

  test('an hourly cron runs in each hour that there is, 23 or 25 of them', () => {
    const hourly = { cron: '0 * * * *', timeZone: 'Europe/Berlin' };
    expect(between(hourly, '2026-03-28T22:59:00Z', '2026-03-29T21:59:00Z')).toHaveLength(23);
    expect(between(hourly, '2026-10-24T21:59:00Z', '2026-10-25T22:59:00Z')).toHaveLength(25);
  });

  test('of many due slots the newest are kept', () => {
    expect(dueSlots(slotsOf(schedule({ every: '1s' })), 0, 10_000, 3)).toEqual([8_000, 9_000, 10_000]);
  });

  test('seldom ones are found wherever they lie, each once', () => {
    const monthly = between({ cron: '0 0 1 * *' }, '2025-12-31T23:59:59Z', '2026-06-01T00:00:00Z');
    expect(monthly.map(slot => slot.slice(0, 10))).toEqual([
      '2026-01-01',
      '2026-02-01',
      '2026-03-01',
      '2026-04-01',
      '2026-05-01',
      '2026-06-01',
    ]);
  });

  test('a year of seconds is not walked through to find the newest', () => {
    const seconds = slotsOf(schedule({ cron: '* * * * * *' }));
    let asked = 0;
    const counted = { next: (after: number) => ((asked += 1), seconds.next(after)) };
    const due = dueSlots(counted, at('2025-01-01T00:00:00Z'), at('2026-01-01T00:00:00Z'), 1_000);
    expect(due).toHaveLength(1_000);
    expect(due.at(-1)).toBe(at('2026-01-01T00:00:00Z'));
    expect(asked).toBeLessThan(3_000);
  });
});

describe('scheduleProblems', () => {
  test('names crons that are none, that never fire, and time zones that do not exist', () => {
    // As another release may have defined them.
    const raw = (name: string, cron: string, timeZone = 'UTC') => ({
      ...schedule({ name, every: '1m' }),
      when: { kind: 'cron', cron, timeZone } as const,
    });
    const crons = [
      raw('sound', '*/5 * * * *'),
      raw('nonsense', 'every day'),
      raw('never', '0 0 30 2 *'),
      raw('no-step', '0 1-5/0 * * *'),
      raw('backwards', '0 5-1/2 * * *'),
      raw('nowhere', '0 0 * * *', 'Mars/Base'),
    ];
    const problems = scheduleProblems(defineApp({ jobs: [job], handlers: [], schedules: crons }));
    expect(problems).toEqual([
      expect.stringContaining('"nonsense"'),
      expect.stringMatching(/"never".*never does/),
      expect.stringContaining('"no-step"'),
      expect.stringContaining('"backwards"'),
      expect.stringContaining('"nowhere"'),
    ]);
  });

  test.each([
    [{ name: 'Bad Name', every: '1m' }, 'lower-case'],
    [{ name: 'a'.repeat(81), every: '1m' }, 'at most 80'],
    [{ every: '1m', cron: '* * * * *' }, 'either'],
    [{}, 'either'],
    [{ every: 10 }, 'at least a second'],
    [{ every: '1m', timeZone: 'UTC' }, 'time zone'],
    [{ cron: '' }, 'five or six fields, found none'],
    [{ cron: '@daily' }, 'five or six fields, found one'],
    [{ cron: 'every day at nine' }, 'five or six fields, found 4'],
    [{ cron: '0 9 * * 1-5 2027' }, 'weekdays "2027"'],
    [{ cron: '60 * * * *' }, 'minutes "60": expected *, numbers from 0 to 59'],
    [{ cron: '0 24 * * *' }, 'hours "24"'],
    [{ cron: '0 0 * * MOON' }, 'weekdays "MOON"'],
    [{ cron: '0 0 1 MAI *' }, 'months "MAI"'],
    [{ cron: '5/15 * * * *' }, 'as in */15'],
    [{ cron: '0 22-4 * * *' }, 'runs forward'],
    [{ cron: '*/0 * * * *' }, 'a number from 1 on'],
    [{ cron: '0 0 30 2 *' }, 'never come'],
    [{ cron: '0 0 * * *', timeZone: 'Europe/Berlim' }, 'Did you mean "Europe/Berlin"'],
  ] as const)('%j is refused when it is defined', (parts, why) => {
    expect(() => schedule(parts)).toThrow(expect.objectContaining({ code: 'INVALID_CONTRACT' }));
    expect(() => schedule(parts)).toThrow(why);
  });

  test('what a definition refuses the reader of crons would have refused, and what it takes is read', () => {
    const forms = (numbers: string, words: string) => [
      ...`* ? */7 */0 */x ${numbers} 61 -1 1- -5 1-5 5-1 1-5/2 1/2 1,2 1,,2 , x 1.5`.split(' '),
      ...words.split(' '),
    ];
    const fields = [
      forms('0 30 59 60', ''),
      forms('0 23 24', ''),
      forms('0 1 31 32', 'L LW 15W L,15'),
      forms('0 1 12 13', 'JAN jul JAN-MAR MAR-JAN JANUARY'),
      forms(
        '0 6 7 8',
        'MON-FRI sun FRI-MON MON-SUN SAT-sun SUN-SUN sun-TUE 0-SUN TUE-SUN/2 6-7 SUN-0 5L 5#2 MON#1 L MONDAY',
      ),
    ];
    const read = (cron: string): boolean => {
      try {
        return slotsOf({ when: { kind: 'cron', cron, timeZone: 'UTC' } }).next(Date.UTC(2026, 0)) !== undefined;
      } catch {
        return false;
      }
    };
    const isTaken = (cron: string): boolean => {
      try {
        return schedule({ cron }) !== undefined;
      } catch {
        return false;
      }
    };
    const crons = fields.flatMap((all, place) =>
      all.filter(form => form !== '').map(form => ['0', '0', '*', '*', '*'].with(place, form).join(' ')),
    );
    const wrong = crons.filter(cron => isTaken(cron) !== read(cron));
    expect(wrong).toEqual([]);
  });

  test('two of one name, and one whose job is not of the app, are refused', () => {
    const one = schedule({ every: '1m' });
    expect(() => defineApp({ jobs: [job], handlers: [], schedules: [one, one] })).toThrow('two schedules');
    expect(() => defineApp({ jobs: [], handlers: [], schedules: [one] })).toThrow('no such job');
  });
});
