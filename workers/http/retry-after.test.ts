import { afterEach, describe, expect, test } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const HOUR_MS = 3_600_000;
const now = Date.parse('2026-11-29T10:00:00Z');
const wait = (header: string | undefined) => retryAfterMs(header, now);

describe('Retry-After', () => {
  test.each([
    ['0', 0],
    ['7', 7_000],
    ['007', 7_000],
    [' 120\t', 120_000],
    ['3600', HOUR_MS],
    ['3601', HOUR_MS],
    ['99999999999', HOUR_MS],
    ['9'.repeat(400), HOUR_MS],
  ])('of digits (%j) is seconds, an hour at most', (header, ms) => {
    expect(wait(header)).toBe(ms);
  });

  test.each([
    '-1',
    '+5',
    '1.5',
    '5,',
    '5, 10',
    '5 10',
    '5s',
    '1e3',
    '0x10',
    '٥',
    '∞',
    'Infinity',
    'NaN',
    'null',
    'tomorrow',
    '',
    ' ',
    '2026-11-29',
    '2026-11-29T10:00:30Z',
    '11/29/2026',
    'Nov 29 2026',
    'Sun, 29 Nov 2026 10:00:30',
    'Sun, 29 Nov 2026 10:00:30 +0000',
    'Sun, 29 Nov 2026 10:00:30 UTC',
    'Sun, 29 Nov 2026 10:00:30 EST',
    'Sun, 29 Nov 2026 10:00 GMT',
    'Sun, 9 Nov 2026 10:00:30 GMT',
    '29 Nov 2026 10:00:30 GMT',
    'sun, 29 nov 2026 10:00:30 gmt',
    'Son, 29 Nov 2026 10:00:30 GMT',
    'Sun, 31 Nov 2026 10:00:30 GMT',
    'Sun, 00 Nov 2026 10:00:30 GMT',
    'Sun, 29 Nov 2026 24:00:30 GMT',
    'Sun, 29 Nov 2026 10:60:30 GMT',
    'Sun, 29 Nov 2026 10:00:61 GMT',
    'Sunday, 29-Nov-2026 10:00:30 GMT',
    'Sun Nov 29 10:00:30 2026 GMT',
    'Sun, 29 Nov 2026 10:00:30 GMT, Sun, 29 Nov 2026 10:00:40 GMT',
    '\u0000',
    'a'.repeat(16_000),
    undefined,
  ])('of any other form (%j) counts as not asked', header => {
    expect(wait(header)).toBeUndefined();
  });

  test.each([
    ['a date that has passed', 'Fri, 01 Jan 2021 00:00:00 GMT', 0],
    ['a date of the year 99', 'Fri, 01 Jan 0099 00:00:00 GMT', 0],
    ['a date far ahead', 'Fri, 01 Jan 9999 00:00:00 GMT', HOUR_MS],
    ['a leap second', 'Thu, 29 Nov 2026 10:00:60 GMT', 60_000],
    ['two digits of this year', 'Sunday, 29-Nov-26 10:00:30 GMT', 30_000],
    ['two digits that would be 50 years ahead', 'Sunday, 29-Nov-76 10:00:30 GMT', HOUR_MS],
    ['two digits that would be more than 50 years ahead', 'Sunday, 29-Nov-77 10:00:30 GMT', 0],
    ['two digits of the last century', 'Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ])('of %s', (_case, header, ms) => {
    expect(wait(header)).toBe(ms);
  });

  test.each([
    ['a day ahead', 86_400_000],
    ['a day behind', -86_400_000],
  ])('is counted from when the far side says it answered, where the clock here is %s', (_, aheadMs) => {
    const date = 'Sun, 29 Nov 2026 10:00:00 GMT';
    expect(retryAfterMs('Sun, 29 Nov 2026 10:00:30 GMT', now + aheadMs, date)).toBe(30_000);
    expect(retryAfterMs('30', now + aheadMs, date)).toBe(30_000);
  });

  test('of two digits means the coming century at the end of this one', () => {
    const end = Date.parse('2099-12-31T23:59:50Z');
    expect(retryAfterMs('Friday, 01-Jan-00 00:00:00 GMT', end)).toBe(10_000);
  });
});

describe('an HTTP date is GMT, wherever the host is', () => {
  const zone = process.env['TZ'];
  afterEach(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  test.each(['UTC', 'America/New_York', 'Asia/Kolkata', 'Pacific/Kiritimati', 'Australia/Lord_Howe'])(
    'in %s',
    timeZone => {
      process.env['TZ'] = timeZone;
      // The zone is the one of the test, or it would show nothing.
      expect(new Date(now).getTimezoneOffset() === 0).toBe(timeZone === 'UTC');
      for (const header of [
        'Sun, 29 Nov 2026 10:00:30 GMT',
        'Sunday, 29-Nov-26 10:00:30 GMT',
        'Sun Nov 29 10:00:30 2026',
      ])
        expect(wait(header)).toBe(30_000);
      expect(retryAfterMs('Sun Nov  1 10:00:30 2026', Date.parse('2026-11-01T10:00:00Z'))).toBe(30_000);
      // At the hour that the zone skips or repeats.
      expect(retryAfterMs('Sun Mar  8 07:30:30 2026', Date.parse('2026-03-08T07:30:00Z'))).toBe(30_000);
    },
  );
});
