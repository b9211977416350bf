import { describe, expect, test } from 'vitest';
import { blamesDatabase } from './poison.ts';

const failed = (fields: Readonly<Record<string, string>>): Error => Object.assign(new Error('it failed'), fields);

describe('whether the database is why a batch failed', () => {
  test.each([
    { code: 'ECONNREFUSED' },
    { code: 'EPIPE' },
    { code: 'ENOENT', syscall: 'connect' },
    { code: '57P01' },
    { code: '40001' },
    { code: '25006' },
    { code: '53100' },
    { code: '28P01' },
    { code: 'KEY_RING_UNAVAILABLE' },
  ])('it is for %o', fields => {
    expect(blamesDatabase(failed(fields))).toBe(true);
  });

  test.each([{ code: 'ENOENT', syscall: 'open' }, { code: 'EACCES', syscall: 'open' }, { code: '23505' }, {}])(
    'it is not for %o, so that the event is parked or stops its projection',
    fields => {
      expect(blamesDatabase(failed(fields))).toBe(false);
    },
  );
});
