import { describe, expect, test } from 'vitest';
import { looksLikeData } from './looks-like-data.ts';
import { inferSchema } from './schema-text.ts';

describe('a schema', () => {
  test.each([
    ['texts', ['a', 'b'], 'z.string()'],
    ['numbers and nothing', [1, 2.5, null], 'z.number().nullable()'],
    ['texts or numbers', ['a', 1], 'z.union([z.string(), z.number()])'],
    ['lists', [['a'], []], 'z.array(z.string())'],
    ['empty lists', [[], []], 'z.array(z.unknown())'],
    ['nothing at all', [null], 'z.unknown()'],
    ['empty objects', [{}, {}], 'z.looseObject({})'],
  ])('of %s', (_, payloads, expected) => {
    expect(inferSchema(payloads).text).toBe(expected);
  });

  test('says behind each field in how many objects it was; one that was missing once is optional', () => {
    expect(inferSchema([{ to: 'a', cc: 'b' }, { to: 'c' }]).text).toBe(
      'z.looseObject({\n    to: z.string(), // 2 of 2\n    cc: z.string().optional(), // 1 of 2\n  })',
    );
  });

  test.each([
    ['ids', [{ by: { u48213: 1, u48214: 2 } }]],
    ['addresses', [{ by: { 'ada@example.com': 1 } }]],
    ['names with a space', [{ by: { 'Ada Lovelace': 1 } }]],
    ['digests', [{ by: { deadbeef01: 1, cafebabe02: 2 } }]],
    [
      'many names of which each object has few',
      [...'abcdefghijkl'].map(letter => ({ by: { [`${letter}da`]: 1, [`${letter}ob`]: 2 } })),
    ],
    ['more names than a programmer writes', [{ by: Object.fromEntries(words(65).map(word => [word, 1])) }]],
  ])('of an object whose keys are %s is a record, and names none of them', (_, payloads) => {
    const { text } = inferSchema(payloads);
    expect(text).toContain('by: z.record(z.string(), z.number())');
    for (const key of payloads.flatMap(({ by }) => Object.keys(by))) expect(text).not.toContain(key);
  });

  test('never holds a value', () => {
    const { text } = inferSchema([{ user: 'Ada', code: 48_213, tags: ['gold'], at: '2026-01-01' }]);
    expect(text).not.toMatch(/Ada|48|gold|2026/);
  });

  test('of something nested deeper than anybody reads is anything', () => {
    let deep: unknown = 'x';
    for (let level = 0; level < 1_000; level += 1) deep = { deeper: deep };
    expect(inferSchema([deep]).text).toContain('z.unknown()');
  });
});

describe('fields are sensitive', () => {
  test('by their names, and where all texts are mail addresses', () => {
    const payloads = [{ user: { password: 'x', contact: 'ada@example.com', city: 'Paris' }, authToken: 'y' }];
    expect(inferSchema(payloads).sensitive).toEqual(['user.password', 'user.contact', 'authToken']);
  });

  test('not where one of the texts is no address', () => {
    expect(inferSchema([{ to: 'ada@example.com' }, { to: 'everybody' }]).sensitive).toEqual([]);
  });
});

function words(count: number): readonly string[] {
  const letter = (index: number): string => String.fromCharCode(97 + index);
  return Array.from({ length: count }, (_, index) => `word${letter(Math.floor(index / 26))}${letter(index % 26)}`);
}

test.each([
  ['sendMail', false],
  ['SendInsufficientFundsNotification', false],
  ['recalculate-monthly-invoices-of-subscriptions', false],
  ['remind-48213', true],
  ['qWeRtYuIopAsDfGhJklZxCvBnMqWeRtYuIo', true],
  ['averylongtextofletterswithoutanyword', true],
  ['Dear Ada, the report is ready', true],
])('%s is made from data: %s', (text, expected) => {
  expect(looksLikeData(text)).toBe(expected);
});
