import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../contracts/index.ts';
import { shownLetter } from './dead-letter.ts';

const placed = defineEvent('order.placed', {
  version: 2,
  schema: z.object({ orderId: z.string(), email: z.string() }),
  upgrade: { 1: old => old },
  sensitive: ['email'],
});

test.each([
  [2, { orderId: 'o', email: '[redacted]' }],
  [1, '[redacted]'],
  [3, '[redacted]'],
])('of an event that version %d wrote version 2 shows no sensitive value', (schemaversion, payload) => {
  const data = { orderId: 'o', [schemaversion === 2 ? 'email' : 'mail']: 'ada@example.com' };
  const text = JSON.stringify({
    specversion: '1.0',
    id: 'e-1',
    source: '/shop',
    type: 'order.placed',
    time: '2026-01-01T00:00:00Z',
    schemaversion,
    data,
  });
  const letter = shownLetter(new Map([[placed.name, placed]]), {
    id: '1',
    subscription: 'stock',
    eventId: 'e-1',
    eventType: 'order.placed',
    reason: 'attempts-exhausted',
    error: 'no stock',
    attempts: 1,
    diedAt: new Date(),
    text,
  });
  expect(letter.payload).toEqual(payload);
});
