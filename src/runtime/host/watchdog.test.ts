import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { memoryCase, type MemoryCase } from '../../../tests/support/memory-case.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { startTurnWorker } from '../../../tests/support/turn-worker.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { watchForWedge, type WatchdogOptions } from './watchdog.ts';

const task = defineJob({ queue: 'tasks', name: 'task', schema: z.object({}) });

/** As long as several looks and quiet times together. */
const A_WHILE_MS = 1_000;

describe('the watchdog', () => {
  let engineCase: MemoryCase;
  let app: RunningApp;
  let stop: () => void = () => undefined;
  beforeEach(() => {
    engineCase = memoryCase();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  });
  afterEach(async () => {
    stop();
    vi.useRealTimers();
    await app.stop();
  });

  /** For the engine and for this process. */
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 50) {
      await engineCase.clock.advance(50);
      await vi.advanceTimersByTimeAsync(50);
      for (let turn = 0; turn < 8; turn += 1) await new Promise(setImmediate);
    }
  }

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
      isQuiet: () => app.host.isQuiet,
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
    await pass(A_WHILE_MS);
    expect(said[0]).toBe('wedged tasks');
  });

  test('a worker that was told to be quiet is none', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [task], handlers: [handle(task, () => undefined)] }));
    app.host.quiet(true);
    const { said } = watch();
    await app.client.enqueue(task, {});
    await pass(A_WHILE_MS);
    expect(said).toEqual([]);
  });

  test('a wedged queue is told of beside one that works', async () => {
    const other = defineJob({ queue: 'busy', name: 'other', schema: z.object({}) });
    const gate = Promise.withResolvers<void>();
    app = await runApp(engineCase, defineApp({ jobs: [other], handlers: [handle(other, () => gate.promise)] }));
    const begun = app.facts.next('job.started');
    await app.client.enqueueMany([other({}), task({})]);
    await begun;
    const { said } = watch({ queues: ['busy', 'tasks'] });
    await pass(A_WHILE_MS);
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
    await pass(A_WHILE_MS);
    gate.resolve();
    await waitFor('an idle queue', async () => (await queue.getJobCounts('completed'))['completed'] === 2);
    await queue.pause();
    await app.client.enqueue(task, {});
    await pass(A_WHILE_MS);
    expect(said).toEqual([]);
  });

  test('a worker that takes jobs which no handler may see is none, however long the work is due', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    await app.client.enqueue(task, {});
    const always = {
      get lastAt() {
        return performance.now();
      },
    };
    const { said } = watch({ fetches: new Map([['tasks', always]]) });
    await pass(A_WHILE_MS);
    expect(said).toEqual([]);
  });

  test('a worker whose queue is at its total concurrency elsewhere is none', async () => {
    app = await runApp(engineCase, defineApp({ jobs: [], handlers: [] }));
    const queue = await app.engine.queue('tasks');
    await queue.setGlobalConcurrency(1);
    const gate = Promise.withResolvers<void>();
    const elsewhere = await startTurnWorker(app.engine, 'tasks', () => gate.promise);
    await app.client.enqueueMany([task({}), task({})]);
    await waitFor('one to run elsewhere', () => elsewhere.jobs.length === 1);
    const { said } = watch();
    await pass(A_WHILE_MS);
    gate.resolve();
    expect(said).toEqual([]);
  });

  test('jobs that are expired or unknown count as taken, and so does an answer that the rate lets none start', async () => {
    const stale = defineJob({ queue: 'tasks', name: 'stale', schema: z.object({}), expiresAfter: 1 });
    const far = defineJob({ queue: 'far', name: 'far', schema: z.object({}) });
    const unheard = defineJob({ queue: 'tasks', name: 'unheard', schema: z.object({}) });
    const handlers = [handle(stale, () => undefined), handle(far, () => undefined)];
    const queues = { far: { rate: { max: 1, per: '1h' } } } as const;
    app = await runApp(engineCase, defineApp({ jobs: [stale, far], handlers, queues }));
    const queue = await app.engine.queue('tasks');
    await queue.pause();
    await app.client.enqueue(stale, {});
    await engineCase.clock.advance(2);
    for (const [name, make, fact] of [
      ['tasks', () => queue.resume(), 'job.dead'],
      ['tasks', () => app.client.enqueue(unheard, {}), 'job.snoozed'],
      ['far', () => app.client.enqueueMany([far({}), far({})]), 'job.succeeded'],
    ] as const) {
      const before = app.host.fetches.get(name)?.lastAt;
      vi.advanceTimersByTime(5);
      const ended = app.facts.next(fact);
      await make();
      await ended;
      expect(app.host.fetches.get(name)?.lastAt).toBeGreaterThan(before ?? Infinity);
    }
    const before = app.host.fetches.get('far')?.lastAt ?? Infinity;
    vi.advanceTimersByTime(5);
    await engineCase.until('another answer', () => (app.host.fetches.get('far')?.lastAt ?? 0) > before);
  });
});
