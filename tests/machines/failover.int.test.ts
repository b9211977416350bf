import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Bus, RedisStreamsTransport } from '../../src/events/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { connect } from '../../src/queue/index.ts';
import { slotOf } from '../../src/redis/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { openState } from '../../src/state/index.ts';
import { checkSays } from '../support/check-says.ts';
import { namespace } from '../support/engines.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const QUEUES = ['one', 'two', 'three'] as const;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ replicas: true, config: { 'cluster-node-timeout': '2500' } });
});
afterAll(() => cluster.stop());

/** One in which each queue is on a master of its own, and the events where the first queue is. */
function spaceOverAll(): string {
  for (;;) {
    const space = namespace();
    const [first, ...others] = QUEUES.map(queue => cluster.ownerOf(slotOf(`{${space}:${queue}}`)));
    const isSpread = new Set([first, ...others]).size === QUEUES.length;
    if (isSpread && cluster.ownerOf(slotOf(`{${space}:events}`)) === first) return space;
  }
}

test('one of three masters is killed under load: its queue waits for its replica, the others go on, no job is lost', async () => {
  const space = spaceOverAll();
  const jobs = QUEUES.map(queue => defineJob({ queue, name: `count-${queue}`, schema: z.object({ n: z.number() }) }));
  const counted = defineEvent('task.counted', { schema: z.object({ n: z.number() }) });
  const done = new Set<string>();
  const heard = new Set<number>();
  const handlers = jobs.map(job => handle(job, async ({ n }) => void done.add(`${job.queue} ${n}`)));
  const facts = new Facts();
  const engine = openEngine({ url: cluster.url, role: 'worker', namespace: space });
  const host = createWorkerHost({ app: defineApp({ jobs, handlers, events: [counted] }), engine, facts });
  const client = connect({ redis: cluster.url, namespace: space, facts });
  const transport = new RedisStreamsTransport({ url: cluster.url, namespace: space });
  const bus = new Bus({ events: [counted], transport, facts });
  try {
    await host.start();
    await bus.subscribe(counted, async ({ payload }) => void heard.add(payload.n), { group: 'all' });
    const state = await openState(engine);
    await state.set('before', 'x', 1, 600_000);
    let next = 0;
    const enqueue = async (index: number): Promise<string | undefined> => {
      const n = (next += 1);
      const [contract] = jobs.slice(index);
      const queued = contract && (await client.enqueue(contract, { n }).catch(() => undefined));
      return queued && `${queued.queue} ${n}`;
    };
    const before: string[] = [];
    while (before.length < 60) {
      const queued = await Promise.all(Array.from({ length: 60 }, (_, at) => enqueue(at % 3)));
      before.push(...queued.filter(name => name !== undefined));
    }
    await cluster.replicated();

    const lost = facts.next('engine.lost');
    const master = await cluster.masterOf(slotOf(`{${space}:one}`));
    await master.server.kill();
    const stop = new AbortController();
    const meanwhile: string[] = [];
    const producing = [0, 1, 2].map(async index => {
      while (!stop.signal.aborted) meanwhile.push(...[await enqueue(index)].filter(name => name !== undefined));
    });
    await lost;
    // These know nothing of it.
    await waitFor('jobs of the other queues', () =>
      ['two', 'three'].every(queue => meanwhile.some(name => name.startsWith(queue))),
    );
    await waitFor('jobs of its own queue', () => meanwhile.filter(name => name.startsWith('one')).length >= 10);
    stop.abort();
    await Promise.all(producing);
    await waitFor('all that was acknowledged to be run', () => [...before, ...meanwhile].every(name => done.has(name)));
    await waitFor('an event', async () => {
      await bus.publish(counted({ n: next }));
      return heard.size > 0;
    });
    await expect(state.get('before', 'x')).resolves.toMatchObject({ value: 1 });
    await expect(engine.queueNames()).resolves.toEqual(QUEUES.toSorted());
    await checkSays(engine, '"errors":[]');
  } finally {
    await client.close();
    await bus.close(1_000);
    await host.stop(3_000);
    await engine.close();
  }
});
