import { Queue } from 'bullmq';
import { Cluster } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { defineApp, defineJob, type App, type QueueDefinition } from '../../src/contracts/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { connect } from '../../src/queue/index.ts';
import { slotOf } from '../../src/redis/index.ts';
import { z } from 'zod';
import threeQueues, { QUEUES, tick, works } from '../support/apps/three-queues.config.ts';
import { startProcess } from '../support/child-process.ts';
import { checkSays } from '../support/check-says.ts';
import { openTestDashboard } from '../support/dashboard.ts';
import { namespace, redisUrl } from '../support/engines.ts';
import { program } from '../support/programs.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const APP = program('tests/support/apps/three-queues.config.ts');

let cluster: TestCluster;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  cluster = await startCluster();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  for (const { redis } of cluster.masters) {
    if ((await redis.info('errorstats')).includes('CROSSSLOT')) throw new Error('A command had keys in two slots.');
  }
});
afterAll(() => cluster.stop());

function open(space: string, app?: App): Engine {
  const engine = openEngine({ url: cluster.url, role: 'producer', namespace: space });
  cleanups.push(() => engine.close());
  if (app !== undefined) engine.place(app);
  return engine;
}

/** One in which each of the three queues is on a master of its own. */
function spaceOverAll(): string {
  for (;;) {
    const space = namespace();
    const masters = QUEUES.map(queue => cluster.ownerOf(slotOf(`{${space}:${queue}}`)));
    if (new Set(masters).size === QUEUES.length) return space;
  }
}

async function command(space: string, ...args: string[]): Promise<readonly string[]> {
  const env = { REDIS_URL: cluster.url, SHIFTWORK_NAMESPACE: space };
  const cli = startProcess(program('src/cli/main.ts'), { args: [...args, '--app', APP], env });
  if ((await cli.ended) !== 0) throw new Error(`${args.join(' ')} failed: ${cli.lines.join('\n')}`);
  return cli.lines;
}

test('a worker process, a producer, the scheduler, the dashboard and commands share queues on three masters', async () => {
  const space = spaceOverAll();
  await command(space, 'check');
  const env = { REDIS_URL: cluster.url, SHIFTWORK_NAMESPACE: space, WORKER_PROCESSES: '1' };
  const worker = startProcess(program('workers/main.ts'), { args: ['--app', APP], env });
  cleanups.push(async () => {
    worker.kill('SIGKILL');
    await worker.ended;
  });
  const client = connect({ redis: cluster.url, namespace: space });
  cleanups.push(() => client.close());
  const requests = works.flatMap(work => [0, 1, 2].map(n => work({ n, fails: n === 2 })));
  // They have keys: a call that is repeated because its answer was late makes no others.
  const receipts = await waitFor('the jobs to be queued', () => client.enqueueMany(requests));
  await expect(client.enqueueMany(requests)).resolves.toMatchObject(
    receipts.map(({ id }) => ({ id, deduplicated: true })),
  );
  for (const [index, { id }] of receipts.entries()) {
    const end = index % 3 === 2 ? 'dead' : 'succeeded';
    await waitFor(`the end of job ${index}`, async () => (await client.job(id))?.state === end);
  }

  // As any program that speaks BullMQ's protocol: see docs/guides/redis.md.
  const connection = new Cluster(cluster.masters.map(({ server: { port } }) => ({ host: '127.0.0.1', port })));
  const stock = new Queue('one', { connection, prefix: `{${space}:one}` });
  cleanups.push(() => stock.close().then(() => connection.disconnect()));
  await waitFor('a job of the schedule', async () =>
    (await stock.getCompleted()).some(({ name }) => name === tick.name),
  );

  const [letters = ''] = await command(space, 'dead-letters', 'groups', '--json');
  expect(letters).toContain('cannot be done');
  const dashboard = await openTestDashboard({
    app: threeQueues,
    fixture: { url: cluster.url, namespace: space, cleanup: async () => undefined },
  });
  cleanups.push(() => dashboard.close());
  const cookie = await dashboard.cookieOf('admin');
  const board: unknown = await (await dashboard.call('GET', '/queues', cookie)).json();
  expect(board).toMatchObject({
    queues: expect.arrayContaining(
      QUEUES.map(name => expect.objectContaining({ name, counts: expect.objectContaining({ failed: 1 }) })),
    ),
  });
  const [dead] = receipts.filter((_, index) => index % 3 === 2);
  const id = dead?.id ?? '';
  const before = (await client.job(id))?.finishedAt ?? 0;
  expect((await dashboard.call('GET', `/queues/one/${id}`, cookie)).status).toBe(200);
  await command(space, 'dead-letters', 'replay', id);
  await waitFor('the replayed job to end again', async () => ((await client.job(id))?.finishedAt ?? 0) > before);
  for (const page of ['/', '/workers', '/dead-letters', '/running']) {
    expect((await dashboard.send(page, { headers: { cookie } })).status).toBe(200);
  }
  worker.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
});

const child = defineJob({ queue: 'children', name: 'child', schema: z.object({}) });
const parent = defineJob({ queue: 'parents', name: 'parent', schema: z.object({}) });

function appWith(queues: Readonly<Record<string, QueueDefinition>>): App {
  return defineApp({ jobs: [child, parent], handlers: [], queues });
}

test('queues of one group are in one slot for everybody, and jobs of a flow are taken there', async () => {
  const space = namespace();
  const together = open(space, appWith({ children: { slotGroup: 'family' }, parents: { slotGroup: 'family' } }));
  await together.migrate();
  // It knows no app.
  const other = open(space);
  const [children, parents] = [await other.queue('children'), await other.queue('parents')];
  expect([children.opts.prefix, parents.opts.prefix]).toEqual([`{${space}:family}`, `{${space}:family}`]);
  await parents.add('parent', {}, { jobId: 'p-1' });
  await children.add('child', {}, { jobId: 'c-1', parent: { id: 'p-1', queue: parents.qualifiedName } });
  await expect(other.queueNames()).resolves.toEqual(['children', 'parents']);

  const apart = open(space, appWith({ children: { slotGroup: 'orphans' } }));
  await expect(apart.queue('children')).rejects.toThrow(
    /queue "children" to be "family".*got "orphans".*HDEL \{.*~slots\}/,
  );
  await expect(apart.migrate()).rejects.toMatchObject({ code: 'QUEUE_SLOT_TAKEN', queue: 'children' });
});

test('a flow across slots is refused by the names of its queues, and nothing of it is queued', async () => {
  const engine = open(namespace());
  const [children, parents] = [await engine.queue('children'), await engine.queue('parents')];
  await parents.add('parent', {}, { jobId: 'p-1' });
  const opts = { jobId: 'c-1', parent: { id: 'p-1', queue: parents.qualifiedName } };
  const refusal = { code: 'FLOW_ACROSS_SLOTS', queue: 'children', parentQueue: 'parents' };
  await expect(children.add('child', {}, opts)).rejects.toMatchObject(refusal);
  await expect(children.addBulk([{ name: 'child', data: {}, opts }])).rejects.toMatchObject(refusal);
  expect(await children.getJob('c-1')).toBeUndefined();
});

test('an address of the wrong kind is said to be one', async () => {
  const [master] = cluster.masters;
  const single = openEngine({ url: master?.server.url ?? '', role: 'producer' });
  cleanups.push(() => single.close());
  expect(await checkSays(single, 'redis+cluster://')).not.toContain('"errors":[]');
  const none = openEngine({ url: `redis+cluster://${new URL(redisUrl()).host}`, role: 'producer' });
  cleanups.push(() => none.close());
  expect(await checkSays(none, 'it is no Redis Cluster: its URL begins with redis://')).toContain('cannot be reached');
});

test('a cluster of which nobody holds a slot is refused, and why', async () => {
  const lacking = await startCluster({ masters: 1 });
  cleanups.push(() => lacking.stop());
  await lacking.masters[0]?.redis.call('CLUSTER', 'DELSLOTS', 5_000);
  const engine = openEngine({ url: lacking.url, role: 'producer' });
  cleanups.push(() => engine.close());
  const said = await checkSays(engine, 'no server of the cluster holds the slots of some keys');
  expect(said).toContain('cannot be reached');
});
