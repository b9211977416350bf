import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProcess } from '../../../tests/support/child-process.ts';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import app from '../../../tests/support/sample-app.config.ts';
import { seedLetters } from '../../../tests/support/seed-letters.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { DeadLetters } from '../dead-letters.ts';
import { LetterTasks } from './letter-tasks.ts';

const CARRIER = fileURLToPath(new URL('../../../tests/support/apps/carry-out-tasks.ts', import.meta.url));
const COUNT = 60;

describe.each(engineCases)('tasks of dead letters on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  let letters: DeadLetters;
  let tasks: LetterTasks;

  beforeAll(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    await engine.migrate();
    letters = new DeadLetters({ engine, app });
    const onError = (error: unknown): never => expect.fail(String(error));
    tasks = new LetterTasks({ engine, letters, onError, everyMs: 20, leaseMs: 1_000 });
  });
  afterAll(async () => {
    await tasks.close();
    await engine.close(2_000);
    await fixture.cleanup();
  });

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
    const asked = { what: 'replay', fingerprint, by: 'ann', reason: undefined, perSecond: 40, total: COUNT } as const;

    const env = { ENGINE: fixture.url, NAMESPACE: fixture.namespace };
    const carrier = startProcess(CARRIER, { env });
    await carrier.line(/carrying out/);
    const { id } = await tasks.begin(asked);
    const task = async () => (await tasks.list()).find(each => each.id === id);
    await waitFor('some to be replayed', () => runs.size >= 10);
    carrier.kill('SIGKILL');
    await carrier.ended;
    expect((await task())?.state).toBe('running');
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
});
