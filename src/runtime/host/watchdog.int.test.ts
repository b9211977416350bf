import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { watchForWedge, type WatchdogOptions } from './watchdog.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

describe.each(engineCases)('the watchdog on $kind', engineCase => {
  let app: RunningApp;
  let stop: () => void = () => undefined;
  afterEach(async () => {
    stop();
    await app.stop();
  });

  function watch({
    fetches = app.host.fetches,
    queues = ['tasks'],
  }: Partial<Pick<WatchdogOptions, 'fetches' | 'queues'>> = {}): { readonly said: string[] } {
    const said: string[] = [];
    stop = watchForWedge({
      engine: app.engine,
      queues,
      running: app.host.running,
      fetches,
      onWedged: queue => said.push(`wedged ${queue}`),
      onHopeless: queue => said.push(`hopeless ${queue}`),
      everyMs: 50,
      quietMs: 300,
    });
    return { said };
  }

  test('due work that nobody begins is told, and told again when new connections did not help', async () => {
    // A host that has stopped fetching and does not know it: it serves another queue than it should.
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    const { said } = watch();
    await app.client.enqueue(task, {});
    await waitFor('both words', () => said.includes('hopeless tasks'));
    expect(said[0]).toBe('wedged tasks');
  });

  test('a wedged queue is told of beside one that works', async () => {
    const other = defineJob({ queue: 'busy', name: 'other', schema: z.object({}) });
    const gate = Promise.withResolvers<void>();
    app = await runApp(engineCase, defineApp({ jobs: [other], handlers: [handle(other, () => gate.promise)] }));
    const begun = app.facts.next('job.started');
    await app.client.enqueueMany([other({}), task({})]);
    await begun;
    const { said } = watch({ queues: ['busy', 'tasks'] });
    await waitFor('both words', () => said.includes('hopeless tasks'));
    gate.resolve();
    expect(new Set(said)).toEqual(new Set(['wedged tasks', 'hopeless tasks']));
  });

  test('a paused queue, a running job and an idle worker are none', async () => {
    const gate = Promise.withResolvers<void>();
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, () => gate.promise)] }));
    const queue = await app.engine.queue('tasks');
    const begun = app.facts.next('job.started');
    await app.client.enqueueMany([task({}), task({})]);
    await begun;
    const { said } = watch();
    await waitFor('a few looks', () => Date.now() - (app.host.fetches.get('tasks')?.lastAt ?? 0) > 700);
    gate.resolve();
    await waitFor('an idle queue', async () => (await queue.getJobCounts('completed'))['completed'] === 2);
    await queue.pause();
    await app.client.enqueue(task, {});
    const idleSince = Date.now();
    await waitFor('a few more looks', () => Date.now() - idleSince > 700);
    expect(said).toEqual([]);
  });

  test('a worker that takes jobs which no handler may see is none, however long the work is due', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    await app.client.enqueue(task, {});
    const always = {
      get lastAt() {
        return Date.now();
      },
    };
    const { said } = watch({ fetches: new Map([['tasks', always]]) });
    const dueSince = Date.now();
    await waitFor('a few looks', () => Date.now() - dueSince > 1_000);
    expect(said).toEqual([]);
  });

  test('a worker whose queue is at its total concurrency elsewhere is none', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    const queue = await app.engine.queue('tasks');
    await queue.setGlobalConcurrency(1);
    const gate = Promise.withResolvers<void>();
    const elsewhere = await stockWorker(app.engine, 'tasks', () => gate.promise, { name: 'elsewhere', concurrency: 1 });
    const begun = new Promise(resolve => elsewhere.on('active', resolve));
    void elsewhere.run();
    await app.client.enqueueMany([task({}), task({})]);
    await begun;
    const { said } = watch();
    const dueSince = Date.now();
    await waitFor('a few looks', () => Date.now() - dueSince > 1_000);
    gate.resolve();
    expect(said).toEqual([]);
  });

  test('jobs that are expired, unknown or above their rate count as taken', async () => {
    const stale = defineJob({ queue: 'tasks', name: 'stale', schema: z.object({}), expiresAfter: 1 });
    const far = defineJob({ queue: 'far', name: 'far', schema: z.object({}), destination: () => 'far' });
    const unheard = defineJob({ queue: 'tasks', name: 'unheard', schema: z.object({}) });
    const handlers = [handle(stale, () => undefined), handle(far, () => undefined)];
    const queues = { far: { rate: { max: 1, per: '1h' } } } as const;
    app = await runApp(engineCase, defineApp({ jobs: [stale, far], handlers, queues }));
    const queue = await app.engine.queue('tasks');
    await queue.pause();
    const { id } = await app.client.enqueue(stale, {});
    const addedAt = (await app.client.job(id))?.enqueuedAt ?? Date.now();
    await waitFor('its expiry', () => Date.now() > addedAt + 1);
    for (const [name, make, fact] of [
      ['tasks', () => queue.resume(), 'job.dead'],
      ['tasks', () => app.client.enqueue(unheard, {}), 'job.snoozed'],
      ['far', () => app.client.enqueueMany([far({}), far({})]), 'job.snoozed'],
    ] as const) {
      const before = app.host.fetches.get(name)?.lastAt;
      const ended = app.facts.next(fact);
      await make();
      await ended;
      expect(app.host.fetches.get(name)?.lastAt).toBeGreaterThan(before ?? Infinity);
    }
  });

  test('after renew() work goes on', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, () => undefined)] }));
    app.engine.renew();
    const done = app.facts.next('job.succeeded');
    await app.client.enqueue(task, {});
    await done;
    expect(app.host.stopping).toBe(false);
  });
});
