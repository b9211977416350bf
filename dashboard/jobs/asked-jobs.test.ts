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

test.each([
  ['email-0mwtkts1d0001raf4nk6-abcdefghij', 'id email-0mwtkts1d0001raf4nk6-abcdefghij'],
  ['mail/order-7', 'id mail/order-7'],
  ['4bf92f3577b34da6a3ce929d0e0e4736', 'id 4bf92f3577b34da6a3ce929d0e0e4736'],
  ['ann@example.com', 'id that is of no job (15 characters)'],
])('of the id %j the record has what says nothing of anybody', (id, told) => {
  expect(namesOf(askedIn({ id }))).toBe(told);
});
