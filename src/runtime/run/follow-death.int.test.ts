import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { dead, defineApp, defineJob, handle, type Death } from '../../contracts/index.ts';
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

  test('a process that died between the end and its follower is caught up with, once', async () => {
    // The job's own release knows of no follower: it dies as if its process had ended right behind that.
    const { client, facts, told, engine } = await start(defineJob(options));
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(pay, { order: 'o-2', how: 'dies' });
    await died;
    const { id: fine } = await client.enqueue(pay, { order: 'o-3', how: 'works' }, { delay: '1h' });
    const app = defineApp({ jobs: [pay, tell], handlers: [] });
    const following = new FollowDeaths({ app, engine, facts, worker: 'w' });
    const death = (jobId: string, order: string): Death => ({
      jobId,
      jobName: 'pay',
      queue: 'deaths',
      at: new Date(engine.clock.now() - 60_000),
      attempts: 1,
      reason: 'said-by-handler',
      message: 'no card',
      data: { order, how: 'dies' },
    });
    const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tell');
    const again = await following.intend(death(id, 'o-2'));
    // This one did not die after all: its process was gone before the end, and it waits.
    await following.intend(death(fine, 'o-3'));
    await following.catchUp();
    await Promise.all([following.catchUp(), again?.()]);
    await done;
    expect(told).toEqual([{ order: 'o-2', why: 'said-by-handler: no card', job: id }]);
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
