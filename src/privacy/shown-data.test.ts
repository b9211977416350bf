import { expect, test } from 'vitest';
import { REDACTED } from './redact.ts';
import { shownData } from './shown-data.ts';

const contract = { version: 2, sensitive: ['email'] };
const data = { email: 'ada@example.com', note: 'mail to ada@example.com', 'ada@example.com': 1 };

test('sensitive values are gone, also from other fields and from their names', () => {
  expect(shownData(contract, 2, data)).toEqual({ email: REDACTED, note: `mail to ${REDACTED}`, [REDACTED]: 1 });
});

test.each([1, 3, undefined])('of data that version %s wrote nothing is shown to version 2', version => {
  expect(shownData(contract, version, data)).toBe(REDACTED);
});

test('data without a contract, or nested deeper than can be walked, is not shown', () => {
  expect(shownData(undefined, undefined, data)).toBe(REDACTED);
  expect(shownData(undefined, 1, data)).toBe(REDACTED);
  let nested: unknown = 'ada@example.com';
  for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
  expect(shownData(contract, 2, { ...data, nested })).toBe(REDACTED);
});
