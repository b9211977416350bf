import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, expectTypeOf, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { dead, defineApp, defineJob, handle, snooze, type Death } from '../../contracts/index.ts';
import { DeadLetters, readHistory } from '../../dead-letters/index.ts';
import { memoryServer, openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { FollowDeaths } from './follow-death.ts';

const tell = defineJob({
  queue: 'deaths',
  name: 'tell',
  schema: z.strictObject({ order: z.string().optional(), why: z.string(), job: z.string() }),
});
const schema = z.strictObject({ order: z.string(), how: z.enum(['dies', 'works', 'is secret']) });
const options = { queue: 'deaths', name: 'pay', schema, retry: { attempts: 1 }, sensitive: ['order'] } as const;
const pay = defineJob({
  ...options,
  onDead: ({ jobId, data, reason, message }) => tell({ order: data?.order, why: `${reason}: ${message}`, job: jobId }),
});

describe.each(engineCases)('what follows when a job is dead, on $kind', engineCase => {
  const running: RunningApp[] = [];
  afterEach(async () => {
    for (const app of running.splice(0)) await app.stop();
  });

  async function start(contract: typeof pay) {
    const told: { order?: string | undefined; why: string; job: string }[] = [];
    const work = ({ how, order }: z.infer<typeof schema>) => {
      if (how === 'dies') return dead('no card');
      if (how === 'is secret') throw new Error(`no card for ${order}`);
      return undefined;
    };
    const definition = defineApp({
      jobs: [contract, tell],
      handlers: [handle(contract, work), handle(tell, data => void told.push(data))],
    });
    const app = await runApp(engineCase, definition);
    running.push(app);
    return { ...app, told };
  }

  test('one job is queued, with what the death says; a success and a cancel have none', async () => {
    const { client, facts, told, engine } = await start(pay);
    const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tell');
    await client.enqueue(pay, { order: 'o-0', how: 'works' });
    const { id: later } = await client.enqueue(pay, { order: 'o-9', how: 'dies' }, { delay: '1h' });
    await client.cancel(later);
    const { id } = await client.enqueue(pay, { order: 'o-1', how: 'dies' });
    await done;
    expect(told).toEqual([{ order: 'o-1', why: 'said-by-handler: JOB_DEAD: no card', job: id }]);
    const app = defineApp({ jobs: [pay, tell], handlers: [] });
    const following = new FollowDeaths({ app, engine, facts, worker: 'w' });
    await following.catchUp();
    expect(told).toHaveLength(1);
  });

  /** A job that died under a release that knows of no follower: as if its process had ended right behind the end. */
  async function unfollowed() {
    const { client, facts, told, engine } = await start(defineJob(options));
    const app = defineApp({ jobs: [pay, tell], handlers: [] });
    const following = new FollowDeaths({ app, engine, facts, worker: 'w' });
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(pay, { order: 'o-2', how: 'dies' });
    await died;
    const [line] = await readHistory(await engine.queue('deaths'), { id });
    const diedAt = new Date(line?.at ?? 0);
    engine.clock.now = () => diedAt.getTime() + 60_000;
    const death = (jobId: string, order: string, at = diedAt): Death => ({
      jobId,
      jobName: 'pay',
      queue: 'deaths',
      at,
      attempts: 1,
      reason: 'said-by-handler',
      message: 'no card',
      data: { order, how: 'dies' },
    });
    const intents = async () => (await (await openState(engine)).list('on-dead')).length;
    return { client, facts, told, engine, following, id, death, diedAt, intents };
  }

  test('a process that died between the end and its follower is caught up with, once', async () => {
    const { client, facts, told, following, id, death, intents } = await unfollowed();
    const { id: fine } = await client.enqueue(pay, { order: 'o-3', how: 'works' }, { delay: '1h' });
    const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tell');
    const again = await following.intend(death(id, 'o-2'));
    // This one did not die after all: its process was gone before the end, and it waits.
    await following.intend(death(fine, 'o-3'));
    // Nor did it die then: an earlier process of its was about to end it.
    await following.intend(death(id, 'o-4', new Date(1_000)));
    await following.catchUp();
    await Promise.all([following.catchUp(), again?.()]);
    await done;
    expect(told).toEqual([{ order: 'o-2', why: 'said-by-handler: no card', job: id }]);
    expect(await intents()).toBe(0);
  });

  test('jobs of other programs that have one id in two queues, and die in one moment, are followed each', async () => {
    const { following, death, intents } = await unfollowed();
    await following.intend({ ...death('deaths/7', 'o-7'), queue: 'deaths' });
    await following.intend({ ...death('others/7', 'o-8'), queue: 'others' });
    expect(await intents()).toBe(2);
  });

  test.each(['replayed', 'replayed, and has succeeded', 'discarded'])(
    'a death is followed also where its job has been %s since',
    async since => {
      const { facts, told, engine, following, id, death, intents } = await unfollowed();
      await following.intend(death(id, 'o-2'));
      const letters = new DeadLetters({ engine, app: defineApp({ jobs: [pay, tell], handlers: [] }), facts });
      const succeeded = facts.next('job.succeeded', ({ jobId }) => jobId === id);
      const queue = await engine.queue('deaths');
      if (since === 'discarded') await letters.discard({ ids: [id] }, { by: 'ann', reason: 'seen' });
      else {
        if (since === 'replayed') await queue.pause();
        else await (await queue.getJob(id))?.updateData({ order: 'o-2', how: 'works' });
        await letters.replay({ ids: [id] }, { by: 'ann' });
        if (since !== 'replayed') await succeeded;
      }
      const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tell');
      await following.catchUp();
      await queue.resume();
      await done;
      expect(told).toHaveLength(1);
      expect(await intents()).toBe(0);
    },
  );

  test('what an earlier process of a job was about to end as dead is not followed when the job has ended otherwise', async () => {
    const contract = defineJob({
      ...options,
      onDead: () => tell({ why: 'dead', job: '' }),
      retention: { completed: 0 },
    });
    const seen = Promise.withResolvers<void>();
    let runs = 0;
    const work = async () => {
      runs += 1;
      // A run without an end, as one whose process was gone.
      if (runs === 1) return snooze('1ms', 'as if it had gone');
      await seen.promise;
      return undefined;
    };
    const app = defineApp({
      jobs: [contract, tell],
      handlers: [handle(contract, work), handle(tell, () => undefined)],
    });
    const { client, facts, engine, ...rest } = await runApp(engineCase, app);
    running.push({ client, facts, engine, ...rest });
    const snoozed = facts.next('job.snoozed');
    const succeeded = facts.next('job.succeeded');
    const { id: jobId } = await client.enqueue(contract, { order: 'o-5', how: 'works' });
    await snoozed;
    const following = new FollowDeaths({ app, engine, facts, worker: 'w' });
    const at = new Date(engine.clock.now() - 60_000);
    const death = { jobId, jobName: 'pay', queue: 'deaths', at, attempts: 1, message: 'no card', data: undefined };
    await following.intend({ ...death, reason: 'permanent' });
    seen.resolve();
    await succeeded;
    expect(await (await openState(engine)).list('on-dead')).toEqual([]);
  });

  test('what is sensitive is not in its message, and what cannot be made says why', async () => {
    const { client, facts, told } = await start(pay);
    const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tell');
    await client.enqueue(pay, { order: 'order-4711', how: 'is secret' });
    await done;
    expect(told[0]?.why).not.toContain('order-4711');
  });
});

test('data and follower are typed', () => {
  defineJob({
    ...options,
    // @ts-expect-error pay has no such field
    onDead: ({ data, jobId }) => tell({ order: data?.customer, why: '', job: jobId }),
  });
  // @ts-expect-error a text is no job
  defineJob({ ...options, onDead: () => 'tell somebody' });
  expectTypeOf<Parameters<NonNullable<typeof pay.onDead>>[0]>().toExtend<Death>();
  expect(pay.onDead).toBeTypeOf('function');
});

test('what follows waits for an engine that is away, as the end itself does', async () => {
  const name = randomUUID();
  const engine = openEngine({ url: `memory://${name}`, role: 'worker' });
  onTestFinished(() => engine.close());
  const app = defineApp({ jobs: [pay, tell], handlers: [] });
  const facts = new Facts();
  const failed: unknown[] = [];
  facts.on('worker.error', ({ fields }) => failed.push(fields.error));
  const following = new FollowDeaths({ app, engine, facts, worker: 'w' });
  memoryServer(name).takeAway();
  const at = new Date(engine.clock.now());
  const death = {
    jobId: 'j',
    jobName: 'pay',
    queue: 'deaths',
    at,
    attempts: 1,
    reason: 'permanent',
    message: 'no',
  } as const;
  const intending = following.intend({ ...death, data: { order: 'o', how: 'dies' } });
  setImmediate(() => memoryServer(name).bringBack());
  const follow = await intending;
  await follow?.();
  expect(failed).toEqual([]);
  expect((await (await engine.queue('deaths')).getJobs(['prioritized'])).map(job => job.name)).toEqual(['tell']);
});
