import { expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../tests/support/memory-case.ts';
import app from '../../tests/support/sample-app.config.ts';
import { runApp } from '../../tests/support/running-app.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { dead, defineApp, defineJob, handle } from '../contracts/index.ts';
import { DeadLetters } from '../dead-letters/index.ts';
import { openEngine, type Engine, type UnfinishedJob } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { cancelMarkOf, clientOn, replayMark, type Client } from '../queue/index.ts';
import { actOnUnfinished, type UnfinishedAct } from './act-on-unfinished.ts';
import { BulkTasks, type BulkTasksOptions } from './bulk-tasks.ts';
import { sampleBulk } from './sample-bulk.ts';

const note = defineJob({ queue: 'notes', name: 'note', schema: z.strictObject({ text: z.string() }) });
const notes = defineApp({ jobs: [note], handlers: [] });
const text = { text: 'x' };
const later = { delay: '1h' } as const;

async function setup(): Promise<{ readonly engine: Engine; readonly client: Client; readonly act: UnfinishedAct }> {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  onTestFinished(() => engine.close());
  const client = clientOn(engine, new Facts());
  const { signal } = new AbortController();
  const pace = () => Promise.resolve();
  return { engine, client, act: { engine, app: notes, client, pace, signal, onDone: () => undefined } };
}

function task(what: 'cancel' | 'run-now', filter: Parameters<typeof actOnUnfinished>[0]['filter'], engine: Engine) {
  return { what, filter, by: 'ann', reason: 'sold out', startedAt: engine.clock.now() + 1 };
}

test.each([
  ['reaches its end', { matched: 1, done: ['a'], skipped: [] }],
  ['fails', new Error('no')],
])('a task that somebody stops while it %s stays stopped', async (_how, comes) => {
  const { url, namespace } = await inMemory.open();
  const engine = openEngine({ url, namespace, role: 'producer' });
  const ended = Promise.withResolvers<void>();
  const letters: BulkTasksOptions['letters'] = {
    async replay() {
      const [task] = await tasks.list();
      expect(await tasks.turn(task?.id ?? '', 'stopped')).toBe(true);
      if (comes instanceof Error) throw comes;
      return comes;
    },
    discard: () => expect.fail('nobody asked for it'),
  };
  const client = clientOn(engine, new Facts());
  const tasks: BulkTasks = new BulkTasks({
    engine,
    app,
    letters,
    client,
    onError: () => ended.resolve(),
    everyMs: 60_000,
  });
  await tasks.begin({ what: 'replay', filter: { cause: 'c' }, by: 'ann', reason: undefined, perSecond: 1, total: 1 });
  await tasks.look();
  if (comes instanceof Error) await ended.promise;
  await tasks.close();
  expect(await tasks.list()).toMatchObject([{ state: 'stopped' }]);
  await engine.close();
});

test('a job that somebody has put back since the action was asked for is left alone, also where that is only just now', async () => {
  const { engine, client, act } = await setup();
  const [before, now, other] = await client.enqueueMany([note(text), note(text), note(text)]);
  const queue = await engine.queue('notes');
  const asked = task('cancel', { contract: 'note', queue: 'notes' }, engine);
  const putBack = async (id = ''): Promise<void> =>
    (await queue.getJob(id))?.updateProgress(replayMark(asked.startedAt + 1, 5));
  await putBack(before?.id);
  // Whoever waits for the next turn of the pace has looked at the job before.
  const pace = vi.fn<() => Promise<void>>(() => putBack(now?.id));
  expect((await actOnUnfinished(asked, { ...act, pace })).done).toEqual([other?.id]);
  expect(pace.mock.calls.length).toBeGreaterThan(0);
  for (const { id = '' } of [before ?? {}, now ?? {}])
    expect(cancelMarkOf((await queue.getJob(id))?.progress)).toBeUndefined();
});

test('a job that is not any more in the state that was asked for when its turn comes is left alone', async () => {
  const { engine, client, act } = await setup();
  const { id } = await client.enqueue(note, text, later);
  const queue = await engine.queue('notes');
  const pace = async (): Promise<void> => (await queue.getJob(id))?.promote();
  const asked = task('cancel', { queue: 'notes', state: 'delayed' }, engine);
  expect(await actOnUnfinished(asked, { ...act, pace })).toMatchObject({ done: [], skipped: [] });
  expect(cancelMarkOf((await queue.getJob(id))?.progress)).toBeUndefined();
});

test('a job that is gone in the middle of it is passed over, and one that the engine refuses is named: the others are acted on', async () => {
  const { engine, client, act } = await setup();
  const [gone, refused, other] = (
    await client.enqueueMany(['a', 'b', 'c'].map(each => note({ text: each }, later)))
  ).map(({ id }) => id);
  const queue = await engine.queue('notes');
  const update: UnfinishedAct['client']['update'] = async (id: string, ...rest: [never]) => {
    if (id === gone) await queue.remove(id);
    if (id !== other) throw new Error(`Missing key for job ${id}.`);
    return client.update(id, ...rest);
  };
  const asked = task('run-now', { queue: 'notes' }, engine);
  expect(await actOnUnfinished(asked, { ...act, client: { update } })).toMatchObject({
    done: [other],
    skipped: [{ id: refused, why: 'the engine refused' }],
  });
});

test('a sample looks at so many jobs and no more, whether they match or not, and says that there may be others', async () => {
  const { engine } = await setup();
  const turns = await engine.turns('notes');
  const strange: UnfinishedJob = { id: 'x', name: 'x', state: 'waiting', timestamp: 1, startedAt: undefined, opts: {} };
  let trips = 0;
  vi.spyOn(engine, 'turns').mockResolvedValue(turns);
  vi.spyOn(turns, 'unfinished').mockImplementation(async () => {
    trips += 1;
    if (trips > 100) throw new Error('It looks without end.');
    return Promise.resolve({ jobs: Array.from({ length: 500 }, () => strange), looked: 500, next: String(trips) });
  });
  const letters = new DeadLetters({ engine, app: notes });
  const sample = sampleBulk({ engine, app: notes }, letters, 'cancel', { contract: 'note', queue: 'notes' });
  expect(await sample).toEqual({ count: 0, more: true, ids: [] });
  expect(trips).toBe(40);
});

test('a sample of dead letters reads so many and no more, whether they match or not', async () => {
  const failing = defineApp({ jobs: [note], handlers: [handle(note, () => dead('no mailbox'))] });
  const { client, engine, stop } = await runApp(inMemory, failing);
  onTestFinished(stop);
  await client.enqueueMany(Array.from({ length: 520 }, (_, nth) => note({ text: `${nth}` })));
  const letters = new DeadLetters({ engine, app: failing });
  await waitFor('their ends', async () => (await letters.count()) === 520);
  expect(await letters.sample({ about: 'nobody' })).toEqual({ count: 0, more: true, ids: [] });
  expect(await letters.sample({ queue: 'notes' })).toMatchObject({ count: 520, more: false });
});

test('who begins a task and follows it carries out that one alone', async () => {
  const { engine, client } = await setup();
  const replayed: unknown[] = [];
  const letters: BulkTasksOptions['letters'] = {
    replay: filter => {
      replayed.push(filter.fingerprint);
      return Promise.resolve({ matched: 1, done: ['a'], skipped: [] });
    },
    discard: () => expect.fail('nobody asked for it'),
  };
  const onError = (error: unknown): never => expect.fail(String(error));
  const tasks = new BulkTasks({ engine, app, letters, client, onError, everyMs: 5 });
  const asked = { what: 'replay', by: 'ann', reason: undefined, perSecond: 1, total: 1 } as const;
  await tasks.begin({ ...asked, filter: { cause: 'of another' } });
  const { id } = await tasks.begin({ ...asked, filter: { cause: 'own' } });
  tasks.start(id);
  await waitFor('its end', async () => (await tasks.list()).find(each => each.id === id)?.state === 'done');
  await tasks.look(id);
  await tasks.close();
  expect(replayed).toEqual(['own']);
});
