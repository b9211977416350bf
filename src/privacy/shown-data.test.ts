import { describe, expect, test } from 'vitest';
import { REDACTED } from './redact.ts';
import { isTooDeep, shownData, TOO_DEEP } from './shown-data.ts';

const contract = { version: 2, sensitive: ['email'] };
const data = { email: 'ada@example.com', note: 'mail to ada@example.com', 'ada@example.com': 1 };

test('sensitive values are gone, also from other fields and from their names', () => {
  expect(shownData(contract, 2, data)).toEqual({ email: REDACTED, note: `mail to ${REDACTED}`, [REDACTED]: 1 });
});

test.each([1, 3, undefined])('of data that version %s wrote nothing is shown to version 2', version => {
  expect(shownData(contract, version, data)).toBe(REDACTED);
});

test('data without a contract is not shown', () => {
  expect(shownData(undefined, undefined, data)).toBe(REDACTED);
  expect(shownData(undefined, 1, data)).toBe(REDACTED);
});

describe.each([
  ['arrays', (inner: unknown) => [inner]],
  ['objects', (inner: unknown) => ({ inner })],
])('of %s that are nested deeper than the stack reaches', (_, wrap) => {
  let nested: unknown = 'ada@example.com';
  for (let depth = 0; depth < 200_000; depth += 1) nested = wrap(nested);

  test('the start is shown beside the rest of the data, without what is sensitive', () => {
    const shown = shownData({ version: 2, sensitive: ['email', 'nested.deep'] }, 2, { ...data, nested });
    expect(shown).toMatchObject({ email: REDACTED, note: `mail to ${REDACTED}` });
    expect(JSON.stringify(shown)).toContain(TOO_DEEP);
    expect(JSON.stringify(shown)).not.toContain('ada');
  });

  test('the same where nothing is sensitive: what is shown can be written as JSON', () => {
    expect(JSON.stringify(shownData({ version: 1, sensitive: [] }, 1, nested))).toContain(TOO_DEEP);
  });

  test('they are told from data that is shown whole', () => {
    expect(isTooDeep(nested)).toBe(true);
    expect(isTooDeep({ ...data, list: [[[1], { a: [2] }]] })).toBe(false);
  });
});
