import { UnrecoverableError } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineWithQueues } from '../../tests/support/engine-with-queues.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { runApp, type RunningApp } from '../../tests/support/running-app.ts';
import sampleApp from '../../tests/support/sample-app.config.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle, type JobRequest } from '../contracts/index.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { CANCELS } from '../queue/index.ts';
import { fixed } from '../resilience/index.ts';
import { openState } from '../state/index.ts';
import type { DeadLetterFilter } from './dead-letter-filter.ts';
import { DeadLetters } from './dead-letters.ts';

const EXPIRED = 450;

describe.each(engineCases)('dead letters on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;

  beforeAll(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    await engine.migrate();
    // One at a time, so that they end in this order: failures first, then a crowd of expired ones.
    const reasons = [
      'first hunter2',
      'second',
      'third',
      ...Array.from({ length: EXPIRED }, () => 'JOB_EXPIRED: too old'),
      'JOB_CANCELLED: not wanted',
    ];
    const fail = async (_job: unknown, token: string): Promise<never> => {
      throw new UnrecoverableError(token === '' ? 'no token' : (reasons.shift() ?? ''));
    };
    for (const name of ['email', 'analytics']) {
      const queue = await engine.queue(name);
      const count = name === 'email' ? reasons.length : 1;
      await queue.addBulk(Array.from({ length: count }, () => ({ name: 'letter', data: { to: 'hunter2', body: '' } })));
      if (name === 'analytics') reasons.push('last');
      const worker = await stockWorker(engine, name, fail, { name: 'w', concurrency: 1 });
      void worker.run();
      await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === count);
      await worker.close();
    }
  });
  afterAll(async () => {
    await engine.close(2_000);
    await fixture.cleanup();
  });

  const letters = () => new DeadLetters({ engine, app: sampleApp, facts: new Facts() });
  const list = async ({ limit, ...filter }: DeadLetterFilter & { readonly limit: number }) =>
    (await letters().list(filter, limit)).map(({ reason }) => reason);

  test('failures are found behind hundreds of expired jobs, newest first across queues, sensitive values removed', async () => {
    expect(await list({ limit: 50 })).toEqual(['last', 'third', 'second', 'first [redacted]']);
  });

  test('the limit keeps the newest', async () => {
    expect(await list({ limit: 2 })).toEqual(['last', 'third']);
  });

  test('expired and cancelled ones are there when asked for', async () => {
    const all = await list({ limit: 1_000, all: true, queue: 'email' });
    expect(all).toHaveLength(EXPIRED + 4);
    expect(all[0]).toBe('JOB_CANCELLED: not wanted');
  });
});

describe.each(engineCases)('acting on dead letters on $kind', engineCase => {
  const work = defineJob({
    queue: 'acts',
    name: 'act',
    schema: z.object({ n: z.number(), secret: z.string().optional() }),
    retry: { attempts: 2, backoff: fixed('1ms') },
    sensitive: ['secret'],
    retention: { forget: ['secret'] },
  });
  const needy = defineJob({
    queue: 'acts',
    name: 'needy',
    schema: z.object({ token: z.string() }),
    retry: { attempts: 1 },
    sensitive: ['token'],
    retention: { forget: ['token'] },
  });
  let running: RunningApp;
  let letters: DeadLetters;
  const runs: number[] = [];
  let broken = true;
  const app = defineApp({
    jobs: [work, needy],
    handlers: [
      handle(work, ({ n, secret }) => {
        runs.push(n);
        if (broken) throw new TypeError(`number ${n} of ${secret} is odd`);
      }),
      handle(needy, () => {
        throw new Error('always');
      }),
    ],
  });

  beforeAll(async () => {
    running = await runApp(engineCase, app);
    letters = new DeadLetters({ engine: running.engine, app, facts: running.facts });
  });
  beforeEach(() => {
    broken = true;
    runs.length = 0;
  });
  afterAll(() => running.stop());

  const died = async (contract: 'act' | 'needy', make: () => JobRequest): Promise<string> => {
    const dead = running.facts.next('job.dead', ({ jobName }) => jobName === contract);
    await running.client.enqueueMany([make()]);
    return (await dead).jobId;
  };

  test('a dead letter knows its attempts: when, where, why; without what is sensitive', async () => {
    const id = await died('act', () => work({ n: 1, secret: 'hunter2' }));
    const letter = await letters.show(id);
    expect(letter).toMatchObject({ id, name: 'act', attemptsMade: 2, replays: 0, data: { n: 1 } });
    expect(letter?.history).toMatchObject([
      { what: 'failed', attempt: 1, worker: running.host.name, version: 1, error: 'TypeError' },
      {
        what: 'failed',
        attempt: 2,
        worker: running.host.name,
        dead: 'attempts-exhausted',
        message: expect.stringMatching(/odd/),
      },
    ]);
    expect(letter?.firstFailedAt).toBe(letter?.history[0]?.at);
    expect(JSON.stringify(letter)).not.toContain('hunter2');
    await letters.discard({ ids: [id] }, { by: 'test', reason: 'cleaned up' });
  });

  test('a dead letter that another version of its contract wrote shows no data: its sensitive fields may have had other names', async () => {
    const id = await died('act', () => work({ n: 1, secret: 'hunter2' }));
    const next = defineJob({
      queue: 'acts',
      name: 'act',
      version: 2,
      schema: z.object({ n: z.number(), password: z.string().optional() }),
      upgrade: { 1: old => old },
      sensitive: ['password'],
    });
    const later = new DeadLetters({
      engine: running.engine,
      app: defineApp({ jobs: [next], handlers: [] }),
      facts: running.facts,
    });
    expect((await later.show(id))?.data).toBe('[redacted]');
    await letters.discard({ ids: [id] }, { by: 'test', reason: 'cleaned up' });
  });

  test('a replay runs again with fresh attempts, keeps the history, and is counted', async () => {
    const id = await died('act', () => work({ n: 3 }));
    expect(await letters.replay({ ids: [id] }, { by: 'ann', dryRun: true })).toMatchObject({ matched: 1, done: [id] });
    expect(runs).toEqual([3, 3]);
    const again = running.facts.next('job.dead', ({ jobId }) => jobId === id);
    expect(await letters.replay({ ids: [id] }, { by: 'ann' })).toEqual({ matched: 1, done: [id], skipped: [] });
    await again;
    expect(runs).toEqual([3, 3, 3, 3]);
    const letter = await letters.show(id);
    expect(letter?.replays).toBe(1);
    expect(letter?.history.map(({ what }) => what)).toEqual(['failed', 'failed', 'replayed', 'failed', 'failed']);
    broken = false;
    const done = running.facts.next('job.succeeded', ({ jobId }) => jobId === id);
    await letters.replay({ ids: [id] }, { by: 'ann' });
    await done;
    expect(await letters.show(id)).toBeUndefined();
  });

  test('a job that is replayed has waited since then, not since it was enqueued', async () => {
    const queue = await running.engine.queue('acts');
    const dead = running.facts.next('job.dead', ({ jobName }) => jobName === 'act');
    await queue.add('act', { n: 5 }, { attempts: 1, timestamp: Date.now() - 86_400_000 });
    const { jobId: id } = await dead;
    broken = false;
    const done = running.facts.next('job.succeeded', ({ jobId }) => jobId === id);
    await letters.replay({ ids: [id] }, { by: 'ann' });
    expect((await done).waitedMs).toBeLessThan(3_600_000);
  });

  test('two who replay the same at once replay it once', async () => {
    const ids = [await died('act', () => work({ n: 5 }))];
    broken = false;
    const done = running.facts.next('job.succeeded', ({ jobId }) => ids.includes(jobId));
    const reports = await Promise.all([1, 2, 3].map(() => letters.replay({ ids }, { by: 'many' })));
    expect(reports.flatMap(report => report.done)).toEqual(ids);
    await done;
  });

  test('what somebody else has replayed meanwhile, and has failed again, is not replayed a second time', async () => {
    const older = await died('act', () => work({ n: 11 }));
    const newer = await died('act', () => work({ n: 13 }));
    let isDoneByHalf = false;
    const stop = running.facts.on('job.replayed', ({ fields }) => (isDoneByHalf ||= fields.jobId === newer));
    const reached = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    // Between the two she stands still, with the older one in her hand.
    const halting = engineWithQueues(running.engine, async name => {
      if (isDoneByHalf) {
        reached.resolve();
        await goOn.promise;
      }
      return running.engine.queue(name);
    });
    const hers = new DeadLetters({ engine: halting, app, facts: running.facts });
    const slow = hers.replay({ name: 'act' }, { by: 'ann' });
    await reached.promise;
    stop();
    const again = running.facts.next('job.dead', ({ jobId }) => jobId === older);
    expect((await letters.replay({ ids: [older] }, { by: 'bob' })).done).toEqual([older]);
    await again;
    goOn.resolve();
    expect((await slow).done).toEqual([newer]);
    expect(await letters.show(older)).toMatchObject({ replays: 1 });
    await letters.discard({ ids: [older, newer] }, { by: 'test', reason: 'cleaned up' });
  });

  test('a cancelled job that is replayed is wanted again, wherever it runs', async () => {
    const { id } = await running.client.enqueue(work, { n: 17 }, { delay: '1h' });
    const cancelled = running.facts.next('job.cancelled', ({ jobId }) => jobId === id);
    await running.client.cancel(id);
    await cancelled;
    broken = false;
    const done = running.facts.next('job.succeeded', ({ jobId }) => jobId === id);
    expect((await letters.replay({ ids: [id] }, { by: 'ann' })).done).toEqual([id]);
    await done;
    // What workers look at while a job runs: it would be told to stop again.
    const marks = await (await openState(running.engine)).list(CANCELS);
    expect(marks.map(({ name }) => name)).not.toContain(id);
  });

  test('groups gather by cause, and a group is replayed as one', async () => {
    for (const n of [7, 70, 700]) await died('act', () => work({ n }));
    const [group] = await letters.groups({ name: 'act' });
    expect(group).toMatchObject({ count: 3, name: 'act', queue: 'acts' });
    broken = false;
    const { done } = await letters.replay({ fingerprint: group?.fingerprint }, { by: 'ann', perSecond: 1_000 });
    expect(done).toHaveLength(3);
    await waitFor('the replayed jobs to run', () => runs.length === 9);
    expect(await letters.count({ name: 'act' })).toBe(0);
  });

  test('what cannot run again is skipped with the reason, and stays', async () => {
    const id = await died('needy', () => needy({ token: 'hunter2' }));
    expect(await letters.replay({ ids: [id, 'acts-nobody'] }, { by: 'ann' })).toEqual({
      matched: 2,
      done: [],
      skipped: [
        { id, why: 'what it needs was forgotten when it ended' },
        { id: 'acts-nobody', why: 'it is no dead letter' },
      ],
    });
    expect(await letters.show(id)).toBeDefined();
    const discarded = running.facts.next('job.discarded');
    await letters.discard({ ids: [id] }, { by: 'ann', reason: 'too late' });
    expect(await discarded).toMatchObject({ jobId: id, by: 'ann', reason: 'too late' });
    expect(await letters.show(id)).toBeUndefined();
  });

  test('a job whose contract has moved to another queue is skipped: no worker of its own queue knows it', async () => {
    const id = await died('act', () => work({ n: 4 }));
    const moved = defineJob({ queue: 'deeds', name: 'act', schema: z.object({ n: z.number() }) });
    const jobs = [needy, moved];
    const later = new DeadLetters({
      engine: running.engine,
      app: defineApp({ jobs, handlers: [] }),
      facts: running.facts,
    });
    expect(await later.replay({ ids: [id] }, { by: 'ann' })).toEqual({
      matched: 1,
      done: [],
      skipped: [{ id, why: 'this release knows the job in queue "deeds" alone' }],
    });
    await letters.discard({ ids: [id] }, { by: 'test', reason: 'cleaned up' });
  });

  test('a pace that is none is refused', async () => {
    await expect(letters.replay({}, { by: 'ann', perSecond: 0 })).rejects.toThrow('perSecond');
  });
});
