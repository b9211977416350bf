import { expect, test } from 'vitest';
import { askedIn, namesOf } from './asked-jobs.ts';

test.each([
  ['user=u-17 order=o-1', 'tag user, tag order'],
  // A value with a space in it, or without its name.
  ['customer=Ann Lee', 'tag customer'],
  ['ann@example.com', ''],
  ['ann@example.com=1', ''],
])('of the tags %j the record has their names alone', (tag, told) => {
  expect(namesOf(askedIn({ tag }))).toBe(told);
});
