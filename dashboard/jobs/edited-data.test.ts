import { expect, test } from 'vitest';
import { InvalidOptionsError } from '../../src/errors/index.ts';
import { editedData } from './edited-data.ts';

const stored = {
  to: [
    { name: 'Ann', email: 'ann@example.com' },
    { name: 'Bob', email: 'bob@example.com' },
  ],
  text: 'Mail ann@example.com today',
  count: 1,
};
const shown = {
  to: [
    { name: 'Ann', email: '[redacted]' },
    { name: 'Bob', email: '[redacted]' },
  ],
  text: 'Mail [redacted] today',
  count: 1,
};

test('hidden values that stand as they stood are the stored ones, within a text too; others are replaced', () => {
  expect(editedData({ ...shown, count: 2 }, shown, stored)).toEqual({ ...stored, count: 2 });
  const to = [shown.to[0], { name: 'Bob', email: 'b@example.com' }];
  expect(editedData({ to }, shown, stored)).toEqual({ to: [stored.to[0], { name: 'Bob', email: 'b@example.com' }] });
  expect(editedData({ to: [{ name: 'Cy', email: 'c@example.com' }] }, shown, stored)).toEqual({
    to: [{ name: 'Cy', email: 'c@example.com' }],
  });
});

test.each([
  ['an item of a list went, so that Bob would get the address of Ann', { to: [shown.to[1]] }],
  ['an item came before the others', { to: [{ name: 'Cy', email: 'c@example.com' }, ...shown.to] }],
  ['the text around it is another one', { text: 'Write to [redacted] today' }],
  ['it stands in a field that hid nothing', { count: '[redacted]' }],
  ['it is the name of a field', { '[redacted]': 1 }],
  ['it is named as every object has something', { constructor: '[redacted]' }],
])('refused where %s', (_, edited) => {
  expect(() => editedData(edited, shown, stored)).toThrow(InvalidOptionsError);
});
