import { Pool } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { engineCases } from '../../../../tests/support/engines.ts';
import { openEngine } from '../../open-engine.ts';

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
});
