import { Pool } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { engineCases, freshDatabase } from '../../../../tests/support/engines.ts';
import { MIGRATED_NAMESPACE } from '../../../../tests/support/templates.ts';
import { openEngine } from '../../open-engine.ts';
import { schemaOf } from '../../settings/namespace.ts';
import { JoinedReads } from './joined-reads.ts';

test("BullMQ's questions about many jobs of many queues are one statement each, with the answers of each by itself", async () => {
  const engineCase = engineCases.find(({ kind }) => kind === 'postgres');
  if (engineCase === undefined) throw new Error('There is no case of PostgreSQL.');
  const fixture = await engineCase.open();
  const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
  onTestFinished(async () => {
    await engine.close(1_000);
    await fixture.cleanup();
  });
  const queues = await Promise.all(['one', 'two'].map(name => engine.queue(name)));
  const jobs = await Promise.all(
    queues.flatMap(queue => [queue.add('a', { n: 1 }), queue.add('b', { n: 2 }, { priority: 3 })]),
  );
  await queues[1]?.pause();
  await queues[1]?.setGlobalConcurrency(5);
  const ids = jobs.map(({ id = '' }) => id);
  const sent = vi.spyOn(Pool.prototype, 'query');
  const statements = async <Answer>(ask: () => Promise<Answer>): Promise<readonly [number, Answer]> => {
    sent.mockClear();
    const answer = await ask();
    return [sent.mock.calls.length, answer];
  };
  const of = (at: number) => queues[Math.floor(at / 2)];
  expect(await statements(() => Promise.all(ids.map((id, at) => of(at)?.getJobState(id))))).toEqual([
    1,
    ['waiting', 'prioritized', 'waiting', 'prioritized'],
  ]);
  const [asked, read] = await statements(() =>
    Promise.all([...ids, 'none'].map((id, at) => (of(at) ?? queues[0])?.getJob(id))),
  );
  expect([asked, read.map(job => [job?.id, job?.name, job?.queueName])]).toEqual([
    1,
    [
      [ids[0], 'a', 'one'],
      [ids[1], 'b', 'one'],
      [ids[2], 'a', 'two'],
      [ids[3], 'b', 'two'],
      [undefined, undefined, undefined],
    ],
  ]);
  const many = [0, 1, 2, 3, 4].map(n => `many-${n}`);
  for (const jobId of many) await queues[0]?.add('c', {}, { jobId });
  const ranges = await statements(() =>
    Promise.all(
      queues.flatMap(queue => [queue.getRanges(['waiting'], 0, 9, true), queue.getRanges(['prioritized'], 0, 9, true)]),
    ),
  );
  expect(ranges).toEqual([1, [[ids[0], ...many], [ids[1]], [ids[2]], [ids[3]]]]);
  expect(await statements(() => Promise.all(queues.map(queue => queue.isPaused())))).toEqual([1, [false, true]]);
  expect(await statements(() => Promise.all(queues.map(queue => queue.isMaxed())))).toEqual([1, [false, false]]);
  const [ttls] = await statements(() => Promise.all(queues.map(queue => queue.getRateLimitTtl())));
  expect(ttls).toBe(1);
  const [counts, [first]] = await statements(() =>
    Promise.all(queues.map(queue => queue.getJobCounts('waiting', 'prioritized'))),
  );
  expect([counts, first]).toEqual([1, { waiting: 6, prioritized: 1 }]);
  const [boards, board] = await statements(() =>
    Promise.all(
      queues.flatMap(queue => [queue.getGlobalConcurrency(), queue.getJobSchedulersCount(), queue.getWorkersCount()]),
    ),
  );
  expect([boards, board]).toEqual([3, [null, 0, 0, 5, 0, 0]]);
});

test('what BullMQ is answered in place of what it asks is what it would have been answered', async () => {
  const database = await freshDatabase('migrated_engine');
  const engine = openEngine({ url: database.url, namespace: MIGRATED_NAMESPACE, role: 'producer' });
  onTestFinished(async () => {
    await engine.close(1_000);
    await database.drop();
  });
  const queue = await engine.queue('counted');
  await queue.addBulk([
    { name: 'a', data: {} },
    { name: 'a', data: {} },
    ...[1, 2, 3].map(() => ({ name: 'b', data: {}, opts: { priority: 3 } })),
    { name: 'c', data: {}, opts: { delay: 60_000 } },
  ]);
  await queue.pause();
  const backing = await engine.backing();
  if (backing.kind !== 'postgres') throw new Error('Expected PostgreSQL.');
  const { pool } = backing;
  const states = ['active', 'completed', 'completed', 'failed', 'failed', 'failed', 'waiting-children'];
  for (const [nth, state] of states.entries())
    await pool.query(
      "INSERT INTO job (queue, id, seq, name, state, added_at_ms, finished_at_ms) VALUES ('counted', $1, $2, 'x', $3::job_state, 1, $2)",
      [`made-${nth}`, 1_000 + nth, state],
    );
  const asked = vi.spyOn(JoinedReads.prototype, 'query');
  const sent = vi.spyOn(Pool.prototype, 'query');
  await queue.getJobCounts('waiting');
  await queue.getRanges(['failed'], 0, 9);
  const [counts = '', range = ''] = asked.mock.calls.map(([text]) => text);
  expect([counts, range]).toEqual([expect.stringContaining('COUNT(*) FILTER'), expect.stringContaining('get_range(')]);
  expect(sent.mock.calls.flat()).not.toContain(counts);
  // Past what puts another in its place.
  const plain = new Pool({ connectionString: database.url, options: `-c search_path=${schemaOf(MIGRATED_NAMESPACE)}` });
  const sets = [
    'wait',
    'waiting',
    'prioritized',
    'active',
    'delayed',
    'completed',
    'failed',
    'waiting-children',
    'paused',
  ];
  const places = [
    [0, 0],
    [0, -1],
    [1, 1],
    [1, 9],
    [2, 1],
    [null, null],
    [-3, 1],
  ];
  const ranges = sets.flatMap(set =>
    places.flatMap(place => [true, false].map(way => ['counted', set, ...place, way])),
  );
  const own = await Promise.all(ranges.map(async params => (await plain.query(range, params)).rows));
  // Many at once are one statement.
  const instead = await Promise.all(ranges.map(async params => (await pool.query(range, params)).rows));
  expect(sent.mock.calls.flat()).toContainEqual(expect.stringContaining('shiftwork_nth'));
  for (const [nth, params] of ranges.entries()) expect([params, instead[nth]]).toEqual([params, own[nth]]);
  expect(own[ranges.findIndex(([, set, from, , way]) => set === 'failed' && from === 0 && way === false)]).toEqual([
    { id: 'made-5' },
  ]);
  const { rows: counted } = await plain.query(counts, ['counted']);
  await plain.end();
  expect((await pool.query(counts, ['counted'])).rows).toEqual(counted);
  expect(counted).toEqual([
    {
      active: '1',
      completed: '2',
      failed: '3',
      delayed: '1',
      waiting: '2',
      prioritized: '3',
      'waiting-children': '1',
      paused: '1',
    },
  ]);
});
