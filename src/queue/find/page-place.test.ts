import { expect, test } from 'vitest';
import { checkFind } from './check-find.ts';
import { enginePage, JOURNAL_BEGIN, madeAt } from './page-place.ts';

const REFUSED = { code: 'INVALID_OPTIONS', message: expect.stringContaining('cursor') };

test.each([
  ['email', `email-0mfj3k2l1abcdefghij0-abcdefghij`],
  ['email', 'email-7'],
  ['email', '42'],
  ['order.mails', `${'\u{1F600}'.repeat(99)}x`],
  ['email', `${'\u3042'.repeat(100)}/repeat:${'\u3042'.repeat(200)}:1790000000000`],
])('a page behind the job of queue %s with the id %s leads on from there', (queue, id) => {
  const before = madeAt(queue, id);
  expect(checkFind({ cursor: enginePage(before) }).page).toEqual({ in: 'engine', before });
});

test('pages of the journal lead on where they were answered', () => {
  expect(checkFind({ cursor: JOURNAL_BEGIN }).page).toEqual({ in: 'journal', cursor: undefined });
  for (const cursor of ['1790000000000.0.17', '1790000000000_25.1.9007199254740991'])
    expect(checkFind({ cursor }).page).toEqual({ in: 'journal', cursor });
  expect(checkFind({}).page).toEqual({ in: 'engine', before: undefined });
});

test.each([
  'x',
  '',
  ' ',
  'j',
  'jx',
  'jAA',
  'j!!',
  `j${'A'.repeat(5_000)}`,
  'Ended',
  '17',
  '1.2.3',
  '1790000000000.0',
  '\0',
])('a cursor that no search has answered is refused: %j', cursor => {
  expect(() => checkFind({ cursor })).toThrow(expect.objectContaining(REFUSED));
});
