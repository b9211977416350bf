import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertSucceeded, createTestApp } from 'shiftwork/testing';
import { welcomeEmail } from './jobs.ts';
import app from './shiftwork.config.ts';

test('a user who signs up twice is welcomed once', async () => {
  await using shop = createTestApp(app);
  const first = await shop.client.enqueue(welcomeEmail, { userId: 'u1', email: 'ada@example.com' });
  const again = await shop.client.enqueue(welcomeEmail, { userId: 'u1', email: 'ada@example.com' });
  await shop.drain();
  assertSucceeded(shop, welcomeEmail);
  assert.equal(again.id, first.id);
});
