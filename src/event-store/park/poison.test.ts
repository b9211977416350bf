import { describe, expect, test } from 'vitest';
import { isOutage } from './poison.ts';

const failed = (fields: Readonly<Record<string, string>>): Error => Object.assign(new Error('it failed'), fields);

describe('whether the database is why a batch failed', () => {
  test.each([
    { code: 'ECONNREFUSED' },
    { code: 'EPIPE' },
    { code: 'ENOENT', syscall: 'connect' },
    { code: '57P01' },
    { code: '40001' },
  ])('it is for %o', fields => {
    expect(isOutage(failed(fields))).toBe(true);
  });

  test.each([{ code: 'ENOENT', syscall: 'open' }, { code: 'EACCES', syscall: 'open' }, { code: '23505' }, {}])(
    'it is not for %o, so that the event is parked or stops its projection',
    fields => {
      expect(isOutage(failed(fields))).toBe(false);
    },
  );
});
