import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { startProcess, type TestProcess } from '../../tests/support/child-process.ts';
import { cutOff } from '../../tests/support/cut-off.ts';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { program } from '../../tests/support/programs.ts';
import app from '../../tests/support/sample-app.config.ts';
import { seedLetters } from '../../tests/support/seed-letters.ts';
import { stockWorker } from '../../tests/support/stock-worker.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { DeadLetters } from '../dead-letters/index.ts';
import { Facts } from '../facts/index.ts';
import { cancelMarkOf, checkFind, clientOn, isReplayedSince, marksOf, replayMark } from '../queue/index.ts';
import { defineApp, defineJob } from '../contracts/index.ts';
import { fixed } from '../resilience/index.ts';
import { secretsOf } from '../state/index.ts';
import { bulkFilter, checkBulk, filterIn, filterWords } from './bulk-filter.ts';
import { BulkTasks } from './bulk-tasks.ts';
import { sampleBulk } from './sample-bulk.ts';

const CARRIER = program('tests/support/apps/carry-out-tasks.ts');
const COUNT = 60;

describe.each(engineCases)('actions on all that match, on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  let letters: DeadLetters;

  beforeAll(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    await engine.migrate();
    letters = new DeadLetters({ engine, app });
  });
  afterAll(async () => {
    await engine.close(2_000);
    await fixture.cleanup();
  });

  /** Of one test alone: it would carry out the task of another that is to be killed at it. */
  function openTasks(): BulkTasks {
    const client = clientOn(engine, new Facts());
    const tasks = new BulkTasks({
      engine,
      app,
      letters,
      client,
      onError: () => undefined,
      everyMs: 20,
      leaseMs: 1_000,
    });
    onTestFinished(() => tasks.close());
    return tasks;
  }

  /** A process that is killed in the middle of a task, and so not by whoever has seen how far it is: it would go on meanwhile. */
  function startCarrier(): TestProcess {
    return startProcess(CARRIER, { env: { ENGINE: fixture.url, NAMESPACE: fixture.namespace, ACTS: '20' } });
  }

  test('killed in the middle, another process goes on: none is skipped, and none that fails again is replayed twice', async () => {
    const make = () => ({ name: 'visit', data: '{"page":"/x"}', reason: 'the sink is full' });
    const ids = await seedLetters(fixture, 'analytics', COUNT, make);
    // What is replayed fails again at once: a second replay of it would be another run.
    const runs = new Map<string, number>();
    const fail = async ({ id = '' }): Promise<never> => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      return Promise.reject(new Error('the sink is full'));
    };
    void (await stockWorker(engine, 'analytics', fail, { name: 'w', concurrency: 4 })).run();
    const [group] = await letters.groups({ all: true });
    const fingerprint = group?.fingerprint ?? '';
    const filter = { cause: fingerprint };
    const asked = { what: 'replay', filter, by: 'ann', reason: undefined, perSecond: 40, total: COUNT } as const;

    const tasks = openTasks();
    const carrier = startCarrier();
    const { id } = await tasks.begin(asked);
    const task = async () => (await tasks.list()).find(each => each.id === id);
    expect(await carrier.ended).toBe('SIGKILL');
    expect((await task())?.state).toBe('running');
    await waitFor('some to run again', () => runs.size > 0);
    expect(runs.size).toBeLessThan(COUNT);

    tasks.start();
    await waitFor('the task to be over', async () => (await task())?.state === 'done');
    await waitFor('all of them to run', () => runs.size === COUNT);
    expect(await task()).toMatchObject({ total: COUNT, done: COUNT, skipped: 0 });
    expect([...runs].filter(([, count]) => count !== 1)).toEqual([]);
    expect([...runs.keys()].toSorted()).toEqual([...ids].toSorted());

    // Paused it lets go, and goes on where it was.
    await waitFor('all of them to fail again', async () => (await letters.count()) === COUNT);
    const again = await tasks.begin(asked);
    await waitFor('it to be carried out', () => [...runs.values()].some(count => count === 2));
    expect(await tasks.turn(again.id, 'paused')).toBe(true);
    const second = async () => (await tasks.list()).find(each => each.id === again.id);
    await waitFor('it to say how far it is', async () => ((await second())?.done ?? 0) > 0);
    expect((await second())?.state).toBe('paused');
    expect(await tasks.turn(again.id, 'running')).toBe(true);
    await waitFor('the second task to be over', async () => (await second())?.state === 'done');
    await waitFor('all of them to run again', () => [...runs.values()].every(count => count === 2));
    expect(await tasks.turn(again.id, 'stopped')).toBe(false);
  });

  const schema = z.strictObject({ user: z.string() });
  const retry = { attempts: 2, backoff: fixed('1h') };
  const note = defineJob({ queue: 'notes', name: 'note', schema, retry, tags: ({ user }) => ({ user }) });
  const other = defineJob({ queue: 'notes', name: 'other', schema, tags: ({ user }) => ({ user }) });
  const later = { delay: '1h' } as const;

  test('what it has replayed is left alone also where a worker whose clock is behind says that it failed again before', async () => {
    const make = () => ({ name: 'letter', data: '{"to":"a","body":"b"}', reason: 'a clock is behind' });
    const [id = ''] = await seedLetters(fixture, 'email', 1, make);
    const began = engine.clock.now();
    const job = await (await engine.queue('email')).getJob(id);
    await job?.updateProgress(replayMark(began + 5));
    const replay = (notSince: number, dryRun = false) =>
      letters.replay({ queue: 'email' }, { by: 'ann', notSince, dryRun });
    expect(await replay(began)).toMatchObject({
      done: [],
      skipped: [{ why: 'it was replayed meanwhile, and has failed again' }],
    });
    expect(await replay(began + 6)).toMatchObject({ done: [`email/${id}`], skipped: [] });
  });

  test('one whose carrier was killed between the note on it and putting it back was not replayed: whoever goes on does', async () => {
    const poke = defineJob({ queue: 'pokes', name: 'poke', schema: z.strictObject({ at: z.string() }) });
    const own = { engine, app: defineApp({ jobs: [poke], handlers: [] }) };
    const [id = ''] = await seedLetters(fixture, 'pokes', 1, () => ({
      name: 'poke',
      data: '{"at":"x"}',
      reason: 'no',
    }));
    const stored = async () => {
      const job = await (await engine.queue('pokes')).getJob(id);
      if (job === undefined) throw new Error('It is gone.');
      return job;
    };
    const began = engine.clock.now();
    const act = { by: 'ann', notSince: began };
    const killed = new DeadLetters({ ...own, engine: cutOff(engine, 1).engine });
    expect(await killed.replay({ queue: 'pokes' }, act)).toMatchObject({ done: [] });
    expect(marksOf((await stored()).progress).replayedAt).toBeGreaterThanOrEqual(began);
    expect(isReplayedSince(await stored(), began)).toBe(false);
    const next = new DeadLetters(own);
    expect(await next.replay({ queue: 'pokes' }, act)).toMatchObject({ done: [`pokes/${id}`], skipped: [] });
    expect(isReplayedSince(await stored(), began)).toBe(true);
  });

  test('jobs that wait are cancelled by their tag, also over a kill; others, and those that come later, go on', async () => {
    const client = clientOn(engine, new Facts());
    const asked = Array.from({ length: COUNT }, () => note({ user: 'u-1' }, later));
    const ids = (await client.enqueueMany(asked)).map(({ id }) => id);
    const kept = await client.enqueueMany([note({ user: 'u-2' }, later), other({ user: 'u-1' }, later)]);
    const secrets = await secretsOf(engine).load();
    const filter = bulkFilter(checkFind({ tag: { user: 'u-1' }, contract: 'note', queue: 'notes' }), secrets);
    expect(filterWords(filter)).toMatch(/^tag user \([\w-]{22}\), contract note, queue notes$/);
    expect(filterWords({ ...filter, tags: [], id: 'ann@example.com' })).not.toContain('ann');
    expect(await sampleBulk({ engine, app }, letters, 'cancel', filter)).toMatchObject({ count: COUNT, more: false });
    expect((await sampleBulk({ engine, app }, letters, 'replay', filter)).count).toBe(0);

    const marked = async (): Promise<readonly string[]> => {
      const queue = await engine.queue('notes');
      const jobs = await Promise.all(ids.map(async id => [id, await queue.getJob(id)] as const));
      return jobs.flatMap(([id, job]) => (cancelMarkOf(job?.progress) === undefined ? [] : [id]));
    };
    const carrier = startCarrier();
    const passive = openTasks();
    const { id } = await passive.begin({
      what: 'cancel',
      filter,
      by: 'ann',
      reason: 'sold out',
      perSecond: 40,
      total: COUNT,
    });
    const task = async () => (await passive.list()).find(each => each.id === id);
    expect(await carrier.ended).toBe('SIGKILL');
    const { length } = await marked();
    expect(length > 0 && length < COUNT).toBe(true);
    const late = await client.enqueue(note, { user: 'u-1' }, later);
    passive.start();
    await waitFor('the task to be over', async () => (await task())?.state === 'done');
    expect((await marked()).length).toBe(COUNT);
    expect((await task())?.skipped).toBe(0);
    const queue = await engine.queue('notes');
    for (const { id: one } of [...kept, late])
      expect(cancelMarkOf((await queue.getJob(one))?.progress)).toBeUndefined();
    const [first = ''] = ids;
    expect(cancelMarkOf((await queue.getJob(first))?.progress)).toEqual({ reason: 'sold out', by: 'ann' });
  });

  test('jobs that wait for their time are started, each once: one that fails meanwhile waits for its own next try', async () => {
    const client = clientOn(engine, new Facts());
    const wake = defineJob({ queue: 'wakes', name: 'wake', schema, retry });
    const ids = (await client.enqueueMany(Array.from({ length: 20 }, () => wake({ user: 'u' }, later)))).map(
      ({ id }) => id,
    );
    const runs = new Map<string, number>();
    const fail = async ({ id = '' }): Promise<never> => {
      runs.set(id, (runs.get(id) ?? 0) + 1);
      return Promise.reject(new Error('not yet'));
    };
    void (await stockWorker(engine, 'wakes', fail, { name: 'w', concurrency: 4 })).run();
    const waking = openTasks();
    const filter = { contract: 'wake', queue: 'wakes' };
    const { id } = await waking.begin({
      what: 'run-now',
      filter,
      by: 'ann',
      reason: undefined,
      perSecond: 200,
      total: 20,
    });
    waking.start();
    const task = async () => (await waking.list()).find(each => each.id === id);
    await waitFor('the task to be over', async () => (await task())?.state === 'done');
    await waitFor('all of them to run', () => runs.size === ids.length);
    expect(await task()).toMatchObject({ done: 20, skipped: 0 });
    expect([...runs.values()].every(count => count === 1)).toBe(true);
  });
});

test.each([
  ['replay', { contract: 'n', state: 'waiting' }, 'Expected the state to be dead, cancelled or expired to replay'],
  ['cancel', { contract: 'n', state: 'dead' }, 'Expected the state to be delayed, waiting or running to cancel'],
  ['run-now', { contract: 'n', state: 'waiting' }, 'Expected the state to be delayed to run-now'],
  ['run-now', { contract: 'n', waitsFor: 'pause' }, 'wait for time or release'],
  ['cancel', { cause: 'f' }, 'Expected no cause'],
  ['cancel', { state: 'waiting' }, 'Expected a tag, an id, a contract, a queue or a cause'],
  ['discard', {}, 'Expected a tag, an id, a contract, a queue or a cause'],
] as const)('%s of %j is refused', (what, filter, message) => {
  expect(() => checkBulk(what, filter)).toThrow(message);
});

test('a filter that cannot be read whole is none: it would be wider than what was asked for', () => {
  const filter = { contract: 'n', tags: [{ name: 'user', digests: ['x'] }], since: 5 };
  expect(filterIn(filter)).toMatchObject(filter);
  for (const wrong of [{ contract: 5 }, { tags: [] }, { tags: [{ name: 'user' }] }, { state: 'gone' }, { newer: 'x' }])
    expect(filterIn({ ...filter, ...wrong })).toBeUndefined();
});
