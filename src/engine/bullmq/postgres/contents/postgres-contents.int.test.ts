import { expect, test } from 'vitest';
import { freshDatabase } from '../../../../../tests/support/engines.ts';
import { MIGRATED_NAMESPACE } from '../../../../../tests/support/templates.ts';
import { openEngine } from '../../../open-engine.ts';
import { postgresContents } from './postgres-contents.ts';

test("of what there are more than are counted the number is the planner's, and it says so", async () => {
  const database = await freshDatabase('migrated_engine');
  const engine = openEngine({ url: database.url, namespace: MIGRATED_NAMESPACE, role: 'producer' });
  const queue = await engine.queue('many');
  await queue.addBulk(Array.from({ length: 60 }, () => ({ name: 'x', data: {}, opts: { priority: 20 } })));
  const backing = await engine.backing();
  if (backing.kind !== 'postgres') throw new Error('Expected PostgreSQL.');
  const [exact] = await postgresContents(backing.pool, ['many'], []);
  expect(exact).toMatchObject({ isEstimate: false, counts: { waiting: 60 } });
  const [most] = await postgresContents(backing.pool, ['many'], [], 50);
  expect(most?.isEstimate).toBe(true);
  expect(most?.counts.waiting).toBeGreaterThanOrEqual(50);
  await backing.pool.query('ANALYZE job');
  const [reckoned] = await postgresContents(backing.pool, ['many'], [], 50);
  expect(reckoned?.counts.waiting).toBeGreaterThanOrEqual(55);
  expect(reckoned?.counts.waiting).toBeLessThan(70);
  await engine.close(1_000);
  await database.drop();
});

test('numbers that could not be counted are asked for anew by whoever asks for the space next', async () => {
  const database = await freshDatabase('migrated_engine');
  const engine = openEngine({ url: database.url, namespace: MIGRATED_NAMESPACE, role: 'producer' });
  await (await engine.queue('few')).add('x', {});
  // No priority: the server refuses the question, as it may for other reasons.
  await expect(engine.contents(['few'], [0.5])).rejects.toThrow();
  const { queues } = await engine.space(['few']);
  expect(queues[0]?.bytes.waiting).toBeGreaterThan(0);
  await engine.close(1_000);
  await database.drop();
});
