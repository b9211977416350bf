import { Redis } from 'ioredis';
import { afterAll, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../../tests/support/engines.ts';
import type { NewJob } from '../../../turns/index.ts';
import { RedisTurnQueue } from './index.ts';

const NOW = 1_900_000_000_000;
const MINUTE_MS = 60_000;
/** Of one sender: trips take turns in them. */
const SLOTS = 16;

const prefix = namespace();
const redis = new Redis(redisUrl(), { maxRetriesPerRequest: null });
let isSentTwice = false;
const unsteady = new Proxy(redis, {
  get(target, name) {
    const member: unknown = Reflect.get(target, name, target);
    if (typeof member !== 'function') return member;
    if (name !== 'evalsha' && name !== 'eval') return member.bind(target);
    return async (...args: readonly unknown[]) => {
      const answer: unknown = await Reflect.apply(member, target, args);
      return isSentTwice ? Reflect.apply(member, target, args) : answer;
    };
  },
});

afterAll(() => redis.disconnect());

function open(name: string): { readonly queue: RedisTurnQueue; readonly leftMs: () => Promise<readonly number[]> } {
  const queue = new RedisTurnQueue({ redis: unsteady, blocking: () => redis, prefix, name, sender: 'me' });
  const leftMs = async (): Promise<readonly number[]> => {
    const keys = Array.from({ length: SLOTS }, (_, slot) => `${prefix}:${name}:sent:me:${slot}`);
    return Promise.all(keys.map(key => redis.pttl(key)));
  };
  return { queue, leftMs };
}

function job(id: string, opts: NewJob['opts'] = {}): NewJob {
  return { id, name: 'greet', data: '{}', opts: { priority: 1, ...opts }, timestamp: NOW };
}

/** The first has the key: the others are answered its id, which is remembered with the trip. */
const keyed = (id: string): NewJob => job(id, { deduplication: { id: 'once' } });

test('what a sender was answered is forgotten within a minute, also where it adds again and again', async () => {
  const { queue, leftMs } = open('forgotten');
  for (let nth = 0; nth < 3 * SLOTS; nth += 1) await queue.add([job(`job-${nth}`)]);
  await queue.add([keyed('first')]);
  isSentTwice = true;
  for (let nth = 0; nth < SLOTS; nth += 1) {
    expect(await queue.add([keyed(`keyed-${nth}`)])).toEqual([{ kind: 'stands', id: 'first' }]);
  }
  isSentTwice = false;
  for (const left of await leftMs()) {
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(MINUTE_MS);
  }
});

test('what a sender was answered is forgotten within a minute, also where the server has lost it in between', async () => {
  const { queue, leftMs } = open('flushed');
  const takes = async (): Promise<void> => {
    for (let nth = 0; nth < 2 * SLOTS; nth += 1) {
      await queue.add([job(`job-${nth}`)]);
      const take = { tokens: [`t-${nth}`], worker: 'me', lockMs: 1_000, maxBytes: 1_000 };
      await queue.turn({ id: `turn-${nth}`, now: NOW, ends: [], take });
    }
  };
  await takes();
  const kept = await redis.keys(`${prefix}:flushed:*`);
  await redis.del(...kept);
  await takes();
  const answered = await redis.keys(`${prefix}:flushed:answers:*`);
  expect(answered).not.toEqual([]);
  const left = [...(await leftMs()), ...(await Promise.all(answered.map(key => redis.pttl(key))))];
  for (const ms of left) expect(ms).toBeGreaterThan(0);
});

test('a trip that comes again makes no job anew: in the first of a slot, which says for how long, and in those behind it', async () => {
  const { queue } = open('again');
  const counts: number[] = [];
  for (const round of ['first', 'later']) {
    isSentTwice = true;
    for (let nth = 0; nth < SLOTS; nth += 1) await queue.add([job(`${round}-${nth}`)]);
    isSentTwice = false;
    counts.push(await redis.zcard(`${prefix}:again:prioritized`));
  }
  expect(counts).toEqual([SLOTS, 2 * SLOTS]);
  expect(await redis.get(`${prefix}:again:id`)).toBe(String(2 * SLOTS));
});
