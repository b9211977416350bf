import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Environment } from '../../src/config/index.ts';
import { childEnvironment, dataFolder } from './environment.ts';

test('a program gets what was made for it where the person has set nothing, or a blank', () => {
  const made = { DATABASE_URL: 'postgres://made', SMTP_URL: 'smtp://made', PORT: '3000' };
  const set = { DATABASE_URL: ' ', SMTP_URL: '', PORT: '4000', HOME: '/home/ada', NOTHING: undefined };
  expect(childEnvironment(made, set)).toEqual({ ...made, PORT: '4000', HOME: '/home/ada' });
});

test('the folder of the data is absolute, however it is written: PostgreSQL starts in a directory of its own', () => {
  expect(dataFolder(new Environment({ SHIFTWORK_DATA: 'data/here' }), '/fallback')).toBe(
    join(process.cwd(), 'data/here'),
  );
  expect(dataFolder(new Environment({ SHIFTWORK_DATA: '/data' }), '/fallback')).toBe('/data');
  expect(dataFolder(new Environment({}), '/fallback')).toBe('/fallback');
});
