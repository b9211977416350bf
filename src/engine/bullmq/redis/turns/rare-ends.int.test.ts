import { FlowProducer, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../../tests/support/engines.ts';
import type { End, EndKind, Keep, NewJob, TakenJob, TurnAnswer } from '../../../turns/index.ts';
import { RedisTurnQueue } from './index.ts';

/** Which of BullMQ's scripts ends a job that has a parent, as the driver names it. */
const FINISH = /^moveToFinished/;
const NO_RIGHT =
  "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments";
const NOW = 1_900_000_000_000;

const prefix = namespace();
const plain = new Redis(redisUrl(), { maxRetriesPerRequest: null });
const redis = new Redis(redisUrl(), { maxRetriesPerRequest: null });
let fails: 'answer lost' | 'sent twice' | 'no right' | undefined;
let count = 0;

/** Nothing is overridden but what becomes of the answer. */
const unsteady = new Proxy(redis, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name, target);
    if (typeof member !== 'function') return member;
    if (typeof name !== 'string' || !FINISH.test(name)) return member.bind(target);
    return async (...args: readonly unknown[]) => {
      const how = fails;
      fails = undefined;
      if (how === 'no right') throw Object.assign(new Error(NO_RIGHT), { name: 'ReplyError' });
      const answer: unknown = await Reflect.apply(member, target, args);
      if (how === 'answer lost') throw new Error('Connection is closed.');
      return how === 'sent twice' ? Reflect.apply(member, target, args) : answer;
    };
  },
});

let name = '';
let queue: RedisTurnQueue;
beforeEach(() => {
  name = `rare-${(count += 1)}`;
  fails = undefined;
  queue = new RedisTurnQueue({ redis: unsteady, blocking: () => plain, prefix, name, sender: name });
});
afterAll(() => {
  plain.disconnect();
  redis.disconnect();
});

const job = (id: string): NewJob => ({ id, name: 'greet', data: '{}', opts: { jobId: id }, timestamp: NOW });
const slots = (id: string, most: number) => ({
  tokens: Array.from({ length: most }, (_, nth) => `${id}-${nth}`),
  worker: 'tester',
  lockMs: 60_000,
  maxBytes: 1_000_000,
});
const turn = (id: string, ends: readonly End[], most: number): Promise<TurnAnswer> =>
  queue.turn({ id, now: NOW, ends, take: slots(id, most) });
const done = (keep: Keep): EndKind => ({ what: 'succeeded', result: '1', keep });
const died = (keep: Keep): EndKind => {
  const failure = { message: 'no', stacktrace: [] };
  return {
    what: 'dead',
    failure,
    attempts: 1,
    keep,
    parents: { removeDependencyOnFailure: true },
    line: { text: 'died' },
  };
};

/** Two jobs, and between them a child: its end goes through BullMQ's own script. */
async function taken(): Promise<readonly TakenJob[]> {
  const flows = new FlowProducer({ connection: plain, prefix });
  const child = { name: 'greet', queueName: name, opts: { jobId: 'child', removeDependencyOnFailure: true } };
  await queue.add([job('before')]);
  await flows.add({ name: 'greet', queueName: name, opts: { jobId: 'parent' }, children: [child] });
  await queue.add([job('behind')]);
  await flows.close();
  const { jobs } = await turn('take', [], 3);
  expect(jobs.map(({ id }) => id)).toEqual(['before', 'child', 'behind']);
  return jobs;
}

const endsOf = (jobs: readonly TakenJob[], end = done({})): readonly End[] =>
  jobs.map(({ id, token }) => ({ jobId: id, token, end }));
const SETTLED = [{ kind: 'settled' }, { kind: 'settled' }, { kind: 'settled' }];

const HOW = {
  kept: done({}),
  'not kept': done({ count: 0 }),
  'kept as dead': died({}),
  'dead and not kept': died({ count: 0 }),
};

test.each(Object.entries(HOW))(
  'the answer to a child’s end is lost: the turn comes again, and each end of it is told as written (%s)',
  async (_how, keep) => {
    const ends = endsOf(await taken(), keep);
    fails = 'answer lost';
    await expect(turn('lost', ends, 1)).rejects.toThrow('closed');
    // Another turn is sent between, as a worker host does.
    await queue.add([job('other')]);
    expect((await turn('between', [], 1)).jobs.map(({ id }) => id)).toEqual(['parent']);
    const again = await turn('lost', ends, 1);
    expect(again.settled).toEqual(SETTLED);
    expect(again.jobs.map(({ id }) => id)).toEqual(['other']);
  },
);

test.each(Object.entries(HOW))(
  'the driver sends a child’s end twice: it is told as written (%s)',
  async (_how, end) => {
    const ends = endsOf(await taken(), end);
    fails = 'sent twice';
    expect((await turn('twice', ends, 0)).settled).toEqual(SETTLED);
  },
);

test('the right to end a child is missing, at its parent’s keys say: it alone waits for it, and the others are told as written', async () => {
  const ends = endsOf(await taken());
  fails = 'no right';
  const kinds = async (id: string, of = ends) => (await turn(id, of, 0)).settled.map(({ kind }) => kind);
  expect(await kinds('withheld')).toEqual(['settled', 'withheld', 'settled']);
  expect(await kinds('again', ends.slice(1, 2))).toEqual(['settled']);
});

test('aged jobs go as many at once as the end says, also where that are thousands', async () => {
  await queue.add([job('last')]);
  const [last] = (await turn('take', [], 1)).jobs;
  if (last === undefined) throw new Error('nothing was taken');
  const own = (id: string) => `${prefix}:${name}:${id}`;
  const aged = Array.from({ length: 3_000 }, (_, nth) => `aged-${nth}`);
  await Promise.all(aged.map(id => plain.hset(own(id), 'name', 'greet')));
  await plain.hset(own('aged-2999:logs'), 'a', 'log');
  await plain.zadd(own('completed'), ...aged.flatMap(id => [String(NOW - 60_000), id]));
  await turn('end', [{ jobId: last.id, token: last.token, end: done({ age: 1, limit: 3_000 }) }], 0);
  expect(await plain.zrange(own('completed'), '0', '-1')).toEqual(['last']);
  expect(await plain.exists(...aged.map(own), own('aged-2999:logs'))).toBe(0);
});

test('an end of a child that another has ended meanwhile is not told as written', async () => {
  const jobs = await taken();
  await turn('first', endsOf(jobs), 0);
  const { settled } = await turn('second', endsOf(jobs), 0);
  expect(settled.map(({ kind }) => kind)).toEqual(['lock-lost', 'lock-lost', 'lock-lost']);
});

test('BullMQ’s script fails for one child of a turn: it is refused by itself, and the others are told as written', async () => {
  const jobs = await taken();
  // Something else stands where the parent has its children.
  await plain.set(`${prefix}:${name}:parent:dependencies`, 'odd');
  const { settled } = await turn('fails', endsOf(jobs), 0);
  expect(settled.map(({ kind }) => kind)).toEqual(['settled', 'refused', 'settled']);
  const stored = new Queue(name, { connection: plain, prefix });
  expect(await stored.getJobState('behind')).toBe('completed');
  await stored.close();
});
