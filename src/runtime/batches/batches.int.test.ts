import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../../queue/index.ts';
import { createWorkerHost } from '../host/worker-host.ts';
import { FollowBatches } from './follow-batches.ts';
import { LookAfterBatches } from './look-after-batches.ts';

const letter = defineJob({
  queue: 'email',
  name: 'letter',
  schema: z.strictObject({ to: z.string() }),
  retry: { attempts: 1 },
  retention: { completed: 0 },
});
const tell = defineJob({ queue: 'post', name: 'tell', schema: z.strictObject({ what: z.string() }) });
const callbacks = {
  onSuccess: tell({ what: 'success' }),
  onComplete: tell({ what: 'complete' }),
  onDeath: tell({ what: 'death' }),
};

describe.each(engineCases)('batches on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const open = (): Engine => openEngine({ url, namespace, role: 'worker' });
    const engine = open();
    cleanups.push(() => engine.close());
    await engine.migrate();
    const facts = new Facts();
    const client = clientOn(engine, facts);
    const told: string[] = [];
    const sick = new Set(['7', '8']);
    const app = defineApp({
      jobs: [letter, tell],
      handlers: [
        handle(letter, ({ to }) => {
          if (sick.has(to)) throw new Error('no such mailbox');
        }),
        handle(tell, ({ what }) => void told.push(what)),
      ],
    });
    const start = async (queues?: readonly string[]): Promise<void> => {
      const host = createWorkerHost({ app, engine: open(), facts, concurrency: 3, queues });
      cleanups.push(() => host.stop(2_000));
      await host.start();
    };
    const look = (quietMs?: number) =>
      new LookAfterBatches({
        app,
        engine,
        facts,
        worker: 'w',
        queues: () => ['email', 'post'],
        leaseMs: 1,
        ...(quietMs !== undefined && { quietMs }),
      });
    const letters = (count: number) => Array.from({ length: count }, (_, nth) => letter({ to: String(nth) }));
    return { engine, client, facts, told, sick, app, start, look, letters };
  }

  test('its members end on two hosts, two die, are replayed, one is discarded: each callback is queued once', async () => {
    const { engine, client, told, sick, app, start, letters } = await setup();
    await Promise.all([start(), start()]);
    const { id, jobs } = await client.batch({ name: 'march', jobs: letters(40), ...callbacks });
    const ended = () => client.batchView(id).then(view => view?.state === 'ended' && view);
    expect((await waitFor('its end', ended)).ended).toMatchObject({ succeeded: 38, dead: 2 });
    await waitFor('two callbacks', () => told.length === 2);
    sick.delete('7');
    const letters7 = new DeadLetters({ engine, app });
    const [seventh, eighth] = [jobs[7]?.id ?? '', jobs[8]?.id ?? ''];
    await letters7.replay({ ids: [seventh] }, { by: 'test' });
    const counts = (): Promise<unknown> => client.batchView(id).then(view => view?.ended);
    await waitFor('the replay', async () => JSON.stringify(await counts()).includes('"succeeded":39'));
    sick.delete('8');
    const { id: another } = await client.batch({ name: 'april', jobs: letters(8).slice(7), ...callbacks });
    await waitFor('the other batch', () => client.batchView(another).then(view => view?.state === 'ended'));
    await letters7.replay({ ids: [eighth] }, { by: 'test' });
    await waitFor('success at last', () => told.filter(what => what === 'success').length === 2);
    expect(told.toSorted()).toEqual(['complete', 'complete', 'death', 'success', 'success']);
  });

  test('a dead member that a person discards stays told, and is counted as discarded', async () => {
    const { engine, client, app, start, letters } = await setup();
    await start();
    const { id, jobs } = await client.batch({ name: 'march', jobs: letters(9).slice(8), ...callbacks });
    await waitFor('its end', () => client.batchView(id).then(view => view?.state === 'ended'));
    const dead = new DeadLetters({ engine, app });
    await dead.discard({ ids: [jobs[0]?.id ?? ''] }, { by: 'test', reason: 'no mailbox' });
    expect((await client.batchView(id))?.ended).toMatchObject({ dead: 0, discarded: 1 });
  });

  test('ends that a worker wrote and did not bring are found, by many at once, and call back once', async () => {
    const { engine, client, told, start, look, letters } = await setup();
    const { id } = await client.batch({ name: 'march', jobs: letters(2), ...callbacks });
    const turns = await engine.turns('email');
    const now = Math.floor(engine.clock.now());
    const take = { tokens: ['a', 'b'], worker: 'w', lockMs: 60_000, maxBytes: 1e6 };
    const { jobs } = await turns.turn({ id: 'one', now, ends: [], take });
    const end = { what: 'succeeded', result: '1', keep: { count: 0 }, batch: { id, at: now - 60_000 } } as const;
    const ends = jobs.map(({ id: jobId, token }) => ({ jobId, token, end }));
    await turns.turn({ id: 'two', now, ends, take: undefined });
    await Promise.all([look().look(), look().look(), look().look()]);
    await waitFor('the end', async () => {
      await look().look();
      return (await client.batchView(id))?.called.length === 2;
    });
    await start(['post']);
    await waitFor('the callbacks', () => told.length === 2);
    await look().look();
    expect(await (await engine.batches()).unbrought('email')).toEqual([]);
    expect(told.toSorted()).toEqual(['complete', 'success']);
    expect(await (await engine.batches()).unfinished(9, now)).toEqual([]);
  });

  test('a death is followed also where members end well after it in the same moment, and whoever stops brings all of them first', async () => {
    const { engine, client, app, facts, letters } = await setup();
    const { id } = await client.batch({ name: 'march', jobs: letters(3), ...callbacks });
    const turns = await engine.turns('email');
    const now = Math.floor(engine.clock.now());
    const take = { tokens: ['a', 'b', 'c'], worker: 'w', lockMs: 60_000, maxBytes: 1e6 };
    const { jobs } = await turns.turn({ id: 'one', now, ends: [], take });
    const batch = { id, at: now };
    const dead = { what: 'dead', failure: { message: 'no', stacktrace: [] }, attempts: 1, keep: {}, batch } as const;
    const well = { what: 'succeeded', result: '1', keep: {}, batch } as const;
    const ends = jobs.map(({ id: jobId, token }, nth) => ({ jobId, token, end: nth === 0 ? dead : well }));
    await turns.turn({ id: 'two', now, ends: ends.slice(0, 2), take: undefined });
    const follow = new FollowBatches({ app, engine, facts, worker: 'w' });
    const tell = (from: number, to?: number): void => {
      for (const { jobId, end } of ends.slice(from, to)) {
        follow.ended('email', { batchId: id, jobId, state: end.what, at: now });
      }
    };
    tell(0, 2);
    await waitFor('the death', async () => (await client.batchView(id))?.called.includes('death'));
    await turns.turn({ id: 'three', now, ends: ends.slice(2), take: undefined });
    tell(2);
    await follow.settled();
    const view = await client.batchView(id);
    expect([view?.state, view?.called.toSorted()]).toEqual(['ended', ['complete', 'death']]);
  });

  test('members that a stock worker ends, or that somebody removes, are found once the batch is quiet', async () => {
    const { engine, client, told, start, look, letters } = await setup();
    const { id, jobs } = await client.batch({ name: 'march', jobs: letters(3), ...callbacks });
    const [first, second, third] = jobs.map(job => job.id);
    const queue = await engine.queue('email');
    await queue.remove(first ?? '');
    const stock = await stockWorker(
      engine,
      'email',
      async job => {
        if (job.id === third) throw new Error('no');
      },
      { removeOnComplete: { count: 10 } },
    );
    void stock.run();
    await waitFor('the third to fail', async () => (await queue.getFailedCount()) === 1);
    await waitFor('the second', async () => (await queue.getJobState(second ?? '')) !== 'active');
    await stock.close();
    await start(['post']);
    await waitFor('the end', async () => {
      await look(1).look();
      return (await client.batchView(id))?.state === 'ended';
    });
    await waitFor('the callbacks', () => told.length === 2);
    expect(told.toSorted()).toEqual(['complete', 'death']);
    const view = await client.batchView(id);
    expect(view?.ended).toMatchObject({ dead: 1 });
    expect((view?.ended.gone ?? 0) + (view?.ended.succeeded ?? 0)).toBe(2);
  });
});
