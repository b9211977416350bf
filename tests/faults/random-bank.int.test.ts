import { expect, test } from 'vitest';
import { freshDatabase } from '../support/engines.ts';
import { randomBank } from './random-bank.ts';

test('random commands of 16 writers keep every promise of the event store', async () => {
  const database = await freshDatabase();
  const result = await randomBank({ url: database.url, seed: 1, writers: 16, commands: 25, durationMs: Infinity });
  await database.drop();
  expect(result.wrong).toEqual([]);
  expect(result.events).toBeGreaterThan(200);
});
