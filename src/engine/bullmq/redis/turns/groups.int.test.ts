import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../../tests/support/engines.ts';
import { startRedis } from '../../../../../tests/support/redis-server.ts';
import { waitFor } from '../../../../../tests/support/wait-for.ts';
import { groupsContract, type OpenGroupedQueue } from '../../../suites/groups.contract-suite.ts';
import { fairContract } from '../../../suites/fair.contract-suite.ts';
import { tiersContract } from '../../../suites/tiers.contract-suite.ts';
import { strictContract } from '../../../suites/strict.contract-suite.ts';
import { heldEndsContract } from '../../../suites/held-ends.contract-suite.ts';
import { groupsOf, type End, type GroupLimit, type TakenJob, type TurnAnswer } from '../../../turns/index.ts';
import { RedisTurnQueue } from './index.ts';

const prefix = namespace();
const redis = new Redis(redisUrl(), { maxRetriesPerRequest: null });
const NOW = 1_900_000_000_000;

afterAll(() => redis.disconnect());

function open(name: string, limits: readonly GroupLimit[] | undefined, sender = name): RedisTurnQueue {
  return new RedisTurnQueue({ redis, blocking: () => redis, prefix, name, sender, settings: { limits } });
}

async function openGrouped(name: string, limits: readonly GroupLimit[] | undefined): Promise<OpenGroupedQueue> {
  const stored = new Queue(name, { connection: redis, prefix });
  return {
    queue: open(name, limits),
    stateOf: id => stored.getJobState(id),
    mark: async (id, progress) => (await stored.getJob(id))?.updateProgress(progress),
    remove: async id => (await stored.getJob(id))?.remove(),
    replay: async id => (await stored.getJob(id))?.retry('failed'),
    handBack: async ({ id, token }) => (await stored.getJob(id))?.moveToWait(token),
    close: () => stored.close(),
  };
}

groupsContract('Redis', openGrouped);
heldEndsContract('Redis', openGrouped);
strictContract('Redis', openGrouped);
tiersContract('Redis', openGrouped);
fairContract('Redis', openGrouped);

function add(queue: RedisTurnQueue, group: string, ...ids: readonly string[]): Promise<unknown> {
  const opts = { priority: 20, groups: [group] };
  return queue.add(ids.map(id => ({ id, name: 'call', data: '{}', opts, timestamp: NOW })));
}

function turn(queue: RedisTurnQueue, id: string, ends: readonly End[] = [], now = NOW): Promise<TurnAnswer> {
  const take = { tokens: [`${id}-1`, `${id}-2`], worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
  return queue.turn({ id, now, ends, take });
}

const idsOf = (jobs: readonly TakenJob[]): readonly string[] => jobs.map(({ id }) => id);
const done = (job: TakenJob): End => ({
  jobId: job.id,
  token: job.token,
  end: { what: 'succeeded', result: '1', keep: {} },
  groups: groupsOf(job.opts),
});

test('a turn with limits that is sent again, because its answer was lost, is not done again', async () => {
  const queue = open('lost', [{ name: 'host', concurrency: 2 }]);
  await add(queue, 'host/a', 'a1', 'a2', 'a3');
  const once = await turn(queue, 'first');
  expect(idsOf(once.jobs)).toEqual(['a1', 'a2']);
  expect(idsOf((await turn(queue, 'first')).jobs)).toEqual(['a1', 'a2']);
  expect(idsOf((await turn(queue, 'second')).jobs)).toEqual([]);
});

test('a job in a line that another program has given another priority is started once', async () => {
  const queue = open('moved', [{ name: 'host', concurrency: 1 }]);
  const stored = new Queue('moved', { connection: redis, prefix });
  await add(queue, 'host/a', 'a1', 'a2');
  const [first] = (await turn(queue, 'first')).jobs;
  if (first === undefined) throw new Error('nothing runs');
  await (await stored.getJob('a2'))?.changePriority({ priority: 30 });
  expect(idsOf((await turn(queue, 'second', [done(first)])).jobs)).toEqual(['a2']);
  expect(await stored.getActiveCount()).toBe(1);
  await stored.close();
});

test('heads of lines that another program has taken, or that wait in another place, start no second time and keep nobody behind them', async () => {
  const queue = open('taken', [{ name: 'tenant', fair: true }]);
  const opts = { attempts: 1, priority: 20, fair: { limit: 'tenant' } };
  const ids = ['a1', 'a2', 'b1', 'b2', 'c1'];
  await queue.add(
    ids.map(id => ({
      id,
      name: 'call',
      data: '{}',
      opts: { ...opts, groups: [`tenant/${id.slice(0, 1)}`] },
      timestamp: NOW,
    })),
  );
  const at = `${prefix}:taken:`;
  await redis.zrem(`${at}prioritized`, 'a1');
  await redis.lpush(`${at}active`, 'a1');
  await redis.zrem(`${at}prioritized`, 'b1');
  await redis.del(`${at}b1`);
  const take = { tokens: ids, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
  const { jobs } = await queue.turn({ id: 'first', now: NOW, ends: [], take });
  expect(idsOf(jobs).toSorted()).toEqual(['a2', 'b2', 'c1']);
  expect((await redis.lrange(`${at}active`, 0, -1)).toSorted()).toEqual(['a1', 'a2', 'b2', 'c1']);
});

test('where jobs run in many groups, who runs in all of them is asked for once, and not for each that is served', async () => {
  const server = await startRedis();
  const own = new Redis(server.url, { maxRetriesPerRequest: null });
  try {
    const settings = { limits: [{ name: 'tenant', fair: true, concurrency: 2 }] };
    const queue = new RedisTurnQueue({
      redis: own,
      blocking: () => own,
      prefix,
      name: 'many',
      sender: 'many',
      settings,
    });
    const ids = Array.from({ length: 90 }, (_, nth) => `${nth}`);
    const opts = { priority: 20, fair: { limit: 'tenant' } };
    const job = { name: 'call', data: '{}', timestamp: NOW };
    await queue.add(ids.map((id, nth) => ({ ...job, id, opts: { ...opts, groups: [`tenant/${nth % 30}`] } })));
    const looks = async (): Promise<number> =>
      Number(/cmdstat_exists:calls=(\d+)/.exec(await own.info('commandstats'))?.[1] ?? 0);
    const took = async (nth: number): Promise<number> => {
      const before = await looks();
      const tokens = ids.slice(0, 30).map(id => `${nth}-${id}`);
      const take = { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000 };
      const { jobs } = await queue.turn({ id: `turn-${nth}`, now: NOW, ends: [], take });
      expect(jobs).toHaveLength(30);
      return (await looks()) - before;
    };
    await took(1);
    expect(await took(2)).toBeLessThan(15);
  } finally {
    own.disconnect();
    await server.stop();
  }
});

test('a job whose process is gone leaves its place to others, and has it still when it comes again before them', async () => {
  const queue = open('gone', [{ name: 'host', concurrency: 1 }]);
  const stored = new Queue('gone', { connection: redis, prefix });
  await add(queue, 'host/a', 'a1', 'a2');
  const [first] = (await turn(queue, 'first')).jobs;
  expect(first?.id).toBe('a1');
  // As a supervisor does it for a worker that was killed, with BullMQ's own script.
  await (await stored.getJob('a1'))?.moveToWait(first?.token);
  expect(idsOf((await turn(queue, 'second')).jobs)).toEqual(['a1']);
  // As an operator does who removes what a lost host has held.
  await redis.del(`${prefix}:gone:a1:lock`);
  await (await stored.getJob('a1'))?.remove();
  expect(idsOf((await turn(queue, 'third', [], NOW + 5_000)).jobs)).toEqual(['a2']);
  await stored.close();
});

test('what waits for a limit waits in BullMQ’s own sets, where its tools find it and a stock Worker gets it', async () => {
  const name = 'stock';
  const queue = open(name, [{ name: 'host', concurrency: 1 }]);
  const stored = new Queue(name, { connection: redis, prefix });
  await add(queue, 'host/a', 'a1', 'a2', 'a3', 'a4');
  const [first] = (await turn(queue, 'first')).jobs;
  expect(first?.id).toBe('a1');
  expect(await stored.getJobCounts('prioritized', 'waiting', 'delayed', 'active')).toEqual({
    prioritized: 3,
    waiting: 0,
    delayed: 0,
    active: 1,
  });
  expect(await stored.getJobState('a3')).toBe('prioritized');
  // A person removes one, and another program takes the others.
  await (await stored.getJob('a2'))?.remove();
  const seen: string[] = [];
  const own = redis.duplicate();
  const worker = new Worker(name, async job => void seen.push(job.id ?? ''), { connection: own, prefix });
  await waitFor('the others to be taken', () => seen.length === 2);
  await worker.close();
  own.disconnect();
  expect(seen).toEqual(['a3', 'a4']);
  // The line that they stood in means nothing any more.
  if (first === undefined) throw new Error('nothing runs');
  await add(queue, 'host/a', 'a5');
  expect(idsOf((await turn(queue, 'second', [done(first)], NOW + 1)).jobs)).toEqual(['a5']);
  await stored.close();
});

test('a group without jobs has no keys once its window is over', async () => {
  const queue = open('idle', [{ name: 'host', concurrency: 1 }]);
  await add(queue, 'host/a', 'a1', 'a2');
  const [first] = (await turn(queue, 'first')).jobs;
  if (first === undefined) throw new Error('nothing runs');
  const [second] = (await turn(queue, 'second', [done(first)])).jobs;
  if (second === undefined) throw new Error('nothing runs');
  await turn(queue, 'third', [done(second)]);
  const left = await redis.keys(`${prefix}:idle:group*`);
  expect(left.filter(key => !key.endsWith(':groups:turn'))).toEqual([]);
});

test('nothing is left of a strict group whose job another program has removed, though no job of it comes any more', async () => {
  const name = 'vanished';
  const queue = open(name, [{ name: 'account', concurrency: 1, strict: true }]);
  const stored = new Queue(name, { connection: redis, prefix });
  await add(queue, 'account/a', 'goes');
  await add(queue, 'account/b', 'stays');
  const { jobs } = await turn(queue, 'first');
  expect(idsOf(jobs)).toEqual(['goes', 'stays']);
  const failure = { message: 'no', stacktrace: [] };
  const again = jobs.map((job): End => ({
    ...done(job),
    end: { what: 'retry', at: NOW + 600_000, failure, lifo: false },
  }));
  await turn(queue, 'second', again);
  await add(queue, 'account/b', 'waits');
  expect(idsOf((await turn(queue, 'third')).jobs)).toEqual([]);
  const left = async () =>
    (await redis.keys(`${prefix}:${name}:group:*`)).map(key => key.replace(`${prefix}:${name}:`, '')).toSorted();
  await queue.returnStalled(NOW, 1, 1);
  // The jobs of both wait for their next attempt, and have their groups.
  expect(await left()).toEqual(['group:line:account/b', 'group:runs:account/a', 'group:runs:account/b']);
  await (await stored.getJob('goes'))?.remove();
  await queue.returnStalled(NOW, 1, 1);
  expect(await left()).toEqual(['group:line:account/b', 'group:runs:account/b']);
  // Who waits for it is looked at with the next turn, and not a minute later.
  await (await stored.getJob('stays'))?.remove();
  await queue.returnStalled(NOW, 1, 1);
  const [last] = (await turn(queue, 'fourth')).jobs;
  if (last === undefined) throw new Error('nothing runs');
  expect(last.id).toBe('waits');
  await turn(queue, 'fifth', [done(last)]);
  expect((await redis.keys(`${prefix}:${name}:group*`)).filter(key => !key.endsWith(':groups:turn'))).toEqual([]);
  await stored.close();
});

test('nothing is left of a strict group of a limit that was removed, once its job has gone', async () => {
  const name = 'unlimited';
  await add(open(name, [{ name: 'account', concurrency: 1, strict: true }]), 'account/a', 'first');
  const { jobs } = await turn(open(name, [{ name: 'account', concurrency: 1, strict: true }]), 'limited');
  const after = open(name, undefined);
  await turn(after, 'free', jobs.map(done));
  const left = (): Promise<readonly string[]> => redis.keys(`${prefix}:${name}:group:*`);
  expect(await left()).toHaveLength(1);
  await after.returnStalled(NOW, 1, 1);
  expect(await left()).toEqual([]);
});

test('jobs that a look for stalled ones has put back are named also where nothing can be tidied up behind it', async () => {
  const queue = open('stalled', [{ name: 'host', concurrency: 1 }]);
  await add(queue, 'host/a', 'a1');
  await turn(queue, 'first');
  await redis.del(`${prefix}:stalled:a1:lock`);
  await redis.set(`${prefix}:stalled:groups:kept`, 'of another kind');
  const look = async (): Promise<readonly string[] | undefined> => {
    await redis.del(`${prefix}:stalled:stalled-check`);
    return queue.returnStalled(NOW, 30_000, 100).catch(() => undefined);
  };
  expect([await look(), await look()]).toEqual([undefined, ['a1']]);
});

test('10,000 held jobs in front delay nobody else: whoever comes after them is taken with the first look', async () => {
  const queue = open('front', [{ name: 'host', concurrency: 1 }]);
  const ids = Array.from({ length: 10_000 }, (_, nth) => `a${nth}`);
  await add(queue, 'host/a', ...ids);
  expect(idsOf((await turn(queue, 'first')).jobs)).toEqual(['a0']);
  let looks = 0;
  while ((await queue.held()) < 9_999) await turn(queue, `aside-${(looks += 1)}`);
  // A turn looks at a hundred.
  expect(looks).toBeLessThanOrEqual(101);
  await add(queue, 'host/b', 'b1');
  expect(idsOf((await turn(queue, 'then')).jobs)).toEqual(['b1']);
});

test('places of groups that take turns have an end: those that wait get new ones in their order, and nobody is passed over', async () => {
  const queue = open('places', [{ name: 'host', fair: true }]);
  const share = { limit: 'host' };
  const opts = (group: string) => ({ priority: 20, groups: [group], fair: share });
  const addTo = (group: string, ...ids: readonly string[]) =>
    queue.add(ids.map(id => ({ id, name: 'call', data: '{}', opts: opts(group), timestamp: NOW })));
  // A thousand steps before it.
  await redis.set(`${prefix}:places:groups:turn`, String(4_278_190_080 - 1_000_000));
  await addTo('host/a', ...Array.from({ length: 1_400 }, (_, nth) => `a${nth}`));
  await addTo('host/b', ...Array.from({ length: 1_400 }, (_, nth) => `b${nth}`));
  const taken: string[] = [];
  for (let nth = 0; taken.length < 2_600; nth += 1) {
    const { jobs } = await turn(queue, `turn-${nth}`);
    taken.push(...idsOf(jobs));
    if (nth % 100 === 0) await redis.del(`${prefix}:places:active`);
  }
  expect(Number(await redis.get(`${prefix}:places:groups:turn`))).toBeLessThan(4_278_190_080);
  for (let from = 0; from < 2_600; from += 100) {
    const ofA = taken.slice(from, from + 100).filter(id => id.startsWith('a')).length;
    expect(ofA).toBeGreaterThanOrEqual(49);
    expect(ofA).toBeLessThanOrEqual(51);
  }
});

test('a weight and a time that another program has stored and that are no numbers stop nobody', async () => {
  const name = 'odd-numbers';
  const queue = open(name, [{ name: 'host', fair: true, concurrency: 1 }]);
  const key = (id: string): string => `${prefix}:${name}:${id}`;
  await add(queue, 'host/a', 'a1', 'a2', 'a3');
  for (const id of ['a1', 'a2']) {
    const odd = JSON.stringify({
      attempts: 1,
      priority: 20,
      groups: ['host/a'],
      fair: { limit: 'host', weight: 'nan' },
    });
    await redis.hset(key(id), 'opts', odd, 'timestamp', id === 'a1' ? 'nan' : '1e999');
  }
  await add(queue, 'host/b', 'b1');
  const expiresAfterMs = new Map([['call', 60_000]]);
  const taken: string[] = [];
  let ends: readonly End[] = [];
  for (let nth = 0; nth < 4; nth += 1) {
    const tokens = [`${nth}-1`, `${nth}-2`];
    const take = { tokens, worker: 'tester', lockMs: 3_600_000, maxBytes: 1_000_000, expiresAfterMs };
    const { jobs } = await queue.turn({ id: `turn-${nth}`, now: NOW, ends, take });
    taken.push(...idsOf(jobs));
    ends = jobs.map(done);
  }
  expect(taken.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1']);
});

test('a stock Worker takes those that await their turn in plain order, and nothing of it keeps anybody afterwards', async () => {
  const name = 'stock-fair';
  const queue = open(name, [{ name: 'host', fair: true }]);
  const ids = Array.from({ length: 8 }, (_, nth) => `j${nth}`);
  await queue.add(
    ids.map((id, nth) => ({
      id,
      name: 'call',
      data: '{}',
      opts: { priority: 20, groups: [nth < 6 ? 'host/a' : 'host/b'], fair: { limit: 'host' } },
      timestamp: NOW,
    })),
  );
  const seen: string[] = [];
  const own = redis.duplicate();
  const worker = new Worker(name, async job => void seen.push(job.id ?? ''), { connection: own, prefix });
  await waitFor('all to be taken', () => seen.length === 8);
  await worker.close();
  own.disconnect();
  expect(seen).toEqual(ids);
  await add(queue, 'host/a', 'last');
  expect(idsOf((await turn(queue, 'then')).jobs)).toEqual(['last']);
  expect((await redis.keys(`${prefix}:${name}:group:line*`)).length).toBe(0);
});
