import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { FOR_GOOD, openEngine, type Engine } from '../../engine/index.ts';
import { PRIORITY_NUMBERS } from '../../queue/index.ts';
import { openState } from '../../state/index.ts';
import { readOverview, type QueueFigures } from './read-overview.ts';

const HOUR = 3_600_000;
const { high, normal, low } = PRIORITY_NUMBERS;

describe.each(engineCases)('the figures of the overview on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;

  beforeAll(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    await engine.migrate();
  });
  afterAll(async () => {
    await engine.close(1_000);
    await fixture.cleanup();
  });

  async function figuresOf(
    name: string,
    jobs: readonly (readonly [number, number, number])[],
  ): Promise<QueueFigures | undefined> {
    const queue = await engine.queue(name);
    const now = Date.now();
    for (const [priority, ageHours, delay] of jobs) {
      await queue.add('x', {}, { priority, delay, timestamp: now - ageHours * HOUR });
    }
    return (await readOverview(engine, new Map([[name, queue]]))).queues[0];
  }

  test('an empty queue is due nothing and has nobody working on it', async () => {
    expect(await figuresOf('empty', [])).toEqual({
      name: 'empty',
      paused: false,
      waiting: 0,
      held: 0,
      running: 0,
      delayed: 0,
      succeeded: 0,
      dead: 0,
      oldestDueMs: undefined,
      oldestHeldMs: undefined,
      workers: 0,
    });
  });

  test('the oldest due job is found behind younger ones of a higher priority', async () => {
    const figures = await figuresOf('mixed', [
      [high, 1, 0],
      [high, 0, 0],
      [low, 5, 0],
      [normal, 3, 0],
      [low, 0, 0],
    ]);
    expect(figures).toMatchObject({ waiting: 5, delayed: 0 });
    expect(Math.round((figures?.oldestDueMs ?? 0) / HOUR)).toBe(5);
  });

  test('a delayed job is not due before its time, and is due after it even if nobody moved it', async () => {
    expect(await figuresOf('later', [[normal, 9, 10 * HOUR]])).toMatchObject({ delayed: 1, oldestDueMs: undefined });
    const late = await figuresOf('late', [[normal, 9, 7 * HOUR]]);
    expect(Math.round((late?.oldestDueMs ?? 0) / HOUR)).toBe(2);
  });

  test('a job that has waited for its time is due since then, and one sent ahead of it since now', async () => {
    const queue = await engine.queue('waited');
    for (const [hours, expected] of [
      [7, 2],
      [12, 0],
    ] as const) {
      const timestamp = Date.now() - 9 * HOUR;
      await (await queue.add('x', {}, { priority: normal, delay: hours * HOUR, timestamp })).promote();
      const { queues } = await readOverview(engine, new Map([['waited', queue]]));
      expect(Math.round((queues[0]?.oldestDueMs ?? -HOUR) / HOUR)).toBe(expected);
      await queue.obliterate({ force: true });
    }
  });

  test('what limits and pauses have set aside is no late work, and how long the oldest of it has been due is told beside', async () => {
    const [turns, queue] = await Promise.all([engine.turns('held'), engine.queue('held')]);
    const now = Math.floor(engine.clock.now());
    const job = (id: string, ageHours: number, priority: number) => ({
      id,
      name: 'x',
      data: '{}',
      opts: { priority, groups: ['host/a'] },
      timestamp: now - ageHours * HOUR,
    });
    await turns.pauseGroup('host/a', { by: 'person', until: FOR_GOOD, probes: false });
    await turns.add([job('held-1', 2, high), job('held-2', 4, low)]);
    const take = { tokens: ['a', 'b'], worker: 'tester', lockMs: 60_000, maxBytes: 1_000_000 };
    expect((await turns.turn({ id: 'one', now, ends: [], take })).jobs).toEqual([]);
    await queue.add('x', {}, { priority: normal, timestamp: now - HOUR });
    const { queues } = await readOverview(engine, new Map([['held', queue]]));
    const [figures] = queues;
    expect(figures).toMatchObject({ waiting: 3, held: 2 });
    const hours = [figures?.oldestDueMs, figures?.oldestHeldMs].map(ms => Math.round((ms ?? 0) / HOUR));
    expect(hours).toEqual([1, 4]);
  });

  test('what a queue takes is reckoned for each state from a few of its jobs, beside what the engine has stored', async () => {
    const queue = await engine.queue('space');
    const jobs = Array.from({ length: 40 }, () => ({
      name: 'x',
      data: { text: 'y'.repeat(4_000) },
      opts: { priority: 20 },
    }));
    await queue.addBulk([...jobs, ...jobs.slice(0, 10).map(job => ({ ...job, opts: { delay: HOUR } }))]);
    const { usedBytes, queues } = await engine.space(['space', 'nothing']);
    const [found, nothing] = queues.map(({ bytes }) => bytes);
    expect(usedBytes).toBeGreaterThan(100_000);
    // PostgreSQL keeps what repeats itself in a tenth of its room.
    expect(found?.waiting).toBeGreaterThan(40 * 100);
    expect(found?.waiting).toBeLessThan(40 * 12_000);
    expect((found?.waiting ?? 0) / (found?.delayed ?? 1)).toBeCloseTo(4, 0);
    expect([found?.dead, found?.succeeded, nothing?.waiting, nothing?.dead]).toEqual([0, 0, 0, 0]);
  });

  test('a paused queue is shown as such', async () => {
    await (await engine.queue('paused')).pause();
    expect(await figuresOf('paused', [])).toMatchObject({ paused: true });
  });

  test('processes of hosts that are alive are counted for the queues that each serves, once in all', async () => {
    const store = await openState(engine);
    const host = { host: 'a', pid: 1, startedAt: engine.clock.now(), processes: 12, queues: ['served', 'served-too'] };
    await store.set('presence', 'host-a', host, 60_000);
    await store.set('presence', 'host-b', { ...host, host: 'b', processes: 1, queues: ['served-too'] }, 60_000);
    await store.set('presence', 'host-c', { ...host, host: 'c', processes: 5, queues: ['elsewhere'] }, 60_000);
    const names = ['served', 'served-too', 'served-by-nobody'];
    const queues = new Map(await Promise.all(names.map(async name => [name, await engine.queue(name)] as const)));
    const reader = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    try {
      const { queues: figures, workers } = await readOverview(reader, queues);
      expect(figures.map(queue => queue.workers)).toEqual([12, 13, 0]);
      expect(workers).toBe(13);
    } finally {
      await reader.close(1_000);
      for (const name of ['host-a', 'host-b', 'host-c']) await store.delete('presence', name);
    }
  });

  test('one stock worker process on two queues is one', async () => {
    const workers = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    try {
      for (const [queue, name] of [
        ['one', 'host-1'],
        ['two', 'host-1'],
        ['two', 'host-2'],
      ] as const) {
        await stockWorker(workers, queue, async () => undefined, { name });
      }
      const queues = new Map([
        ['one', await engine.queue('one')],
        ['two', await engine.queue('two')],
      ] as const);
      await vi.waitFor(async () => {
        const { queues: figures, workers: processes } = await readOverview(engine, queues);
        expect(figures.map(queue => queue.workers)).toEqual([1, 2]);
        expect(processes).toBe(2);
      }, PATIENT);
    } finally {
      await workers.close(2_000);
    }
  });
});
