import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { dead, defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { clientOn, NOTHING_ERASED } from '../../src/queue/index.ts';
import { createWorkerHost, type WorkerHost } from '../../src/runtime/index.ts';
import { dumpOf } from '../support/engine-dump.ts';
import { engineCases } from '../support/engines.ts';
import { inMemory } from '../support/memory-case.ts';
import { waitFor } from '../support/wait-for.ts';

/** What nothing may hold once the person is erased. */
const PLANTED = 'planted-ada-7f3a';
const tag = { user: 'ada' };
const view = defineJob({
  queue: 'views',
  name: 'view',
  schema: z.strictObject({ user: z.string(), page: z.string(), secret: z.string().default('none') }),
  encrypt: ['secret'],
  retry: { attempts: 1 },
  chunk: { maxWait: 0, tags: ({ user }) => ({ user }) },
});
const unsaid = defineJob({
  queue: 'views',
  name: 'unsaid',
  schema: z.strictObject({ user: z.string() }),
  chunk: { maxWait: 0 },
});
const tell = defineJob({
  queue: 'post',
  name: 'tell',
  schema: z.strictObject({ user: z.string(), what: z.string() }),
  tags: ({ user }) => ({ user }),
});
const plain = defineJob({ queue: 'post', name: 'plain', schema: z.strictObject({ what: z.string() }) });

describe.each([...engineCases, inMemory])('case 36: what a person shares with others, on $kind', ({ kind, open }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function setup() {
    const fixture = await open();
    closing.push(fixture.cleanup);
    const { url, namespace } = fixture;
    const secrets = { payloadKeys: `k1:${Buffer.alloc(32, 7).toString('base64')}`, secret: 's'.repeat(32) };
    const facts = new Facts();
    const ran: string[] = [];
    const gate = { opens: Promise.resolve() };
    const app = defineApp({
      jobs: [view, unsaid, tell, plain],
      handlers: [
        handle(view, async items => {
          await gate.opens;
          for (const { user, page } of items) ran.push(`${user} ${page}`);
          return items.map(({ page }) => (page.includes('dead') ? dead('not wanted') : 'done'));
        }),
        handle(unsaid, () => undefined),
        handle(tell, ({ user, what }) => void ran.push(`${user} ${what}`)),
        handle(plain, ({ what }) => void ran.push(what)),
      ],
    });
    const engine = openEngine({ url, namespace, role: 'producer', secrets });
    await engine.migrate();
    const client = clientOn(engine, facts, undefined, undefined, app);
    closing.push(() => client.close());
    return {
      client,
      engine,
      ran,
      gate,
      async work(): Promise<WorkerHost> {
        const host = createWorkerHost({ app, engine: openEngine({ url, namespace, role: 'worker', secrets }), facts });
        closing.push(() => host.stop(2_000));
        await host.start();
        return host;
      },
      unknowing: () => clientOn(openEngine({ url, namespace, role: 'producer', secrets }), facts),
      /** All that the engine has, as text; of memory, what views show is not all, so its jobs' data. */
      async dump(): Promise<string> {
        if (kind !== 'memory') return dumpOf(fixture, kind);
        const jobs = await Promise.all(
          (await engine.queueNames()).map(async name =>
            (await engine.queue(name)).getJobs(['waiting', 'prioritized', 'delayed', 'completed', 'failed']),
          ),
        );
        const batches = await engine.batches();
        const { ids } = await batches.pending({ from: undefined, most: 100 });
        return JSON.stringify([
          jobs.flat().map(({ data }) => data),
          await Promise.all(ids.map(id => batches.read(id))),
        ]);
      },
    };
  }

  const item = (user: string, page: string) => view({ user, page, secret: `secret of ${user}` });

  test('their items go out of chunks that wait, are delayed or have ended, those of others stay and run; one that holds no others goes whole', async () => {
    const { client, engine, ran, work, dump } = await setup();
    // Before anybody works: one chunk each, of both, of hers alone, and one for later.
    await client.enqueueMany([
      item('ada', PLANTED),
      item('bob', 'b-1'),
      item('ada', `${PLANTED} 2`),
      item('bob', 'b-2'),
    ]);
    const hers = await client.enqueue(view, { user: 'ada', page: PLANTED }, { priority: 'high' });
    const later = { delay: '1h' } as const;
    await client.enqueueMany([
      view({ user: 'ada', page: PLANTED }, later),
      view({ user: 'eve', page: 'e-1' }, later),
      unsaid({ user: 'ada' }, later),
    ]);
    expect(await dump()).toContain(PLANTED);
    const { erased, left, notReached } = await client.erase({ tag });
    expect(left).toEqual([]);
    expect(erased).toEqual({ ...NOTHING_ERASED, items: 4 });
    expect(notReached.join()).toContain('items of chunks whose contract does not say whose they are (chunk.tags)');
    expect(await client.job(hers.id)).toBeUndefined();
    expect(await dump()).not.toContain(PLANTED);
    expect((await client.erase({ tag })).erased).toEqual(NOTHING_ERASED);

    await work();
    await waitFor('the others', () => ran.length === 2);
    expect(ran.toSorted()).toEqual(['bob b-1', 'bob b-2']);
    const delayed = await (await engine.queue('views')).getJobs(['delayed', 'prioritized', 'waiting']);
    expect(delayed.map(({ name, data }) => [name, (data as { items: unknown[] }).items.length]).toSorted()).toEqual([
      ['unsaid', 1],
      ['view', 1],
    ]);
  });

  test('a chunk that runs is waited for and cancelled for nobody; dead items and chunks that are kept are found where they came to', async () => {
    const { client, engine, ran, gate, work, dump } = await setup();
    const opened = Promise.withResolvers<void>();
    gate.opens = opened.promise;
    const [receipt] = await client.enqueueMany([
      item('ada', `dead ${PLANTED}`),
      item('ada', PLANTED),
      item('bob', 'dead b'),
      item('bob', 'b'),
    ]);
    await work();
    const { id = '' } = receipt ?? {};
    await waitFor('it to run', async () => (await client.job(id))?.state === 'running');
    const soon = await client.erase({ tag, timeout: '1ms' });
    expect(soon).toMatchObject({ left: [id], erased: { items: 0 } });
    opened.resolve();
    const queue = await engine.queue('views');
    await waitFor('the letters', async () => (await queue.getJobCounts('failed'))['failed'] === 2);
    await client.enqueueMany([item('ada', `${PLANTED} done`), item('bob', 'done')]);
    await waitFor('another chunk', () => ran.includes('bob done'));
    await waitFor('the end of all', async () => (await queue.getJobCounts('active'))['active'] === 0);
    expect(await dump()).toContain('planted-ada');

    const { erased, left } = await client.erase({ tag });
    expect(left).toEqual([]);
    // The dead one, alone in its letter, and those in chunks that are kept.
    expect(erased.items).toBeGreaterThanOrEqual(2);
    expect(await dump()).not.toContain(PLANTED);
    const ends = await queue.getJobs(['completed', 'failed']);
    expect(JSON.stringify(ends.map(({ data }) => data))).not.toContain('ada');
    expect((await queue.getJobCounts('failed'))['failed']).toBe(1);
    expect(ends.filter(({ data }) => JSON.stringify(data).includes('"page":"done"'))).toHaveLength(1);
    // Nobody was cancelled.
    for (const page of ['b', 'dead b', 'done']) expect(ran).toContain(`bob ${page}`);
  });

  test('chunks that have ended are looked through in parts, however many there are', async () => {
    const { client, engine, ran, work } = await setup();
    for (let n = 0; n < 550; n += 1) await client.enqueue(view, { user: n === 0 ? 'bob' : 'ada', page: `p-${n}` });
    await work();
    const queue = await engine.queue('views');
    await waitFor('all to run', () => ran.length === 550);
    await waitFor('the end of all', async () => (await queue.getJobCounts('active'))['active'] === 0);
    const ranges = vi.spyOn(queue, 'getRanges');
    expect((await client.erase({ tag })).erased).toMatchObject({ items: 549 });
    for (const [, from = 0, to = -1] of ranges.mock.calls) expect(to - from).toBe(499);
    expect(ranges.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(await queue.getJobCounts('completed')).toMatchObject({ completed: 1 });
  });

  test('without the app nobody can say whose an item is: the answer says so', async () => {
    const { client, unknowing } = await setup();
    await client.enqueueMany([view({ user: 'ada', page: PLANTED }, { delay: '1h' })]);
    const other = unknowing();
    const { erased, notReached } = await other.erase({ tag });
    await other.close();
    expect(erased.items).toBe(0);
    expect(notReached.join()).toContain('Items of chunks: their contracts say whose they are.');
    expect((await client.erase({ tag })).notReached.join()).not.toContain('Items of chunks: their');
  });

  test('what a batch would call back for them is not called back, the others are; nothing of a callback is kept once the batch is over', async () => {
    const { client, ran, work, dump } = await setup();
    const mixed = await client.batch({
      name: 'mixed',
      jobs: [plain({ what: 'member' })],
      onSuccess: tell({ user: 'ada', what: PLANTED }),
      onComplete: tell({ user: 'bob', what: 'complete' }),
      onDeath: view({ user: 'ada', page: PLANTED }),
    });
    const kept = await client.batch({
      name: 'kept',
      jobs: [plain({ what: 'other' })],
      onSuccess: tell({ user: 'eve', what: 'kept-until-called' }),
      onDeath: tell({ user: 'eve', what: 'kept-until-over' }),
    });
    const { erased, left } = await client.erase({ tag });
    expect(left).toEqual([]);
    expect(erased).toEqual({ ...NOTHING_ERASED, callbacks: 2 });
    expect(await dump()).not.toContain(PLANTED);
    expect((await client.erase({ tag })).erased).toEqual(NOTHING_ERASED);

    await work();
    await waitFor('what is called back', () => ran.includes('bob complete') && ran.includes('eve kept-until-called'));
    await waitFor('both to be over', async () => (await client.batchView(mixed.id))?.called.includes('complete'));
    expect(await client.batchView(mixed.id)).toMatchObject({ state: 'ended', called: ['complete'] });
    const over = await waitFor('the other to be over', async () => {
      const view = await client.batchView(kept.id);
      return view?.called.includes('success') === true && view;
    });
    expect(over).toMatchObject({ called: ['success'] });
    await waitFor('nothing of it to be kept', async () => !(await dump()).includes('kept-until-over'));
    expect(ran.filter(each => each.startsWith('ada'))).toEqual([]);
  });
});
