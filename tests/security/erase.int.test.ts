import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { Pool, type PoolClient } from 'pg';
import { defineApp, defineJob, flow, handle } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { JournalWriter, openJournal, recordRuns } from '../../src/journal/index.ts';
import { eraseEntries, Outbox } from '../../src/outbox/index.ts';
import {
  clientOn,
  connect,
  DEATH_NOTES,
  digestsOf,
  insidesOf,
  NOTHING_ERASED,
  readErasures,
  type EraseOptions,
} from '../../src/queue/index.ts';
import { openSchedules } from '../../src/schedules/index.ts';
import { openState } from '../../src/state/index.ts';
import { EventStore, migrateEventStore } from '../../src/event-store/index.ts';
import { accountOpened, bankEvents, bankPersonalData } from '../../examples/bank/events.ts';
import { knownSecrets } from '../../src/secrets/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { engineCases, freshDatabase } from '../support/engines.ts';
import { inMemory } from '../support/memory-case.ts';
import { runApp } from '../support/running-app.ts';
import { waitFor } from '../support/wait-for.ts';
import { inTransaction } from '../support/in-transaction.ts';

const OLD = 'o'.repeat(32);
const NEW = 'n'.repeat(32);
const schema = z.object({ user: z.string(), what: z.string() });
const mail = defineJob({
  queue: 'email',
  name: 'mail',
  schema,
  tags: ({ user }) => ({ user }),
  retry: { attempts: 1 },
  result: z.string(),
});
const tag = { user: 'ada' };

describe.each(engineCases)('case 36 on $kind: whoever asks', ({ open }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function withTheirs() {
    const running = await runApp({ open }, defineApp({ jobs: [mail], handlers: [handle(mail, () => '')] }));
    closing.push(() => running.stop());
    const later = { delay: '1h' } as const;
    const requests = Array.from({ length: 3 }, () => mail({ user: 'ada', what: 'news' }, later));
    await running.client.enqueueMany(requests);
    return running.client;
  }

  test('is told of its own end and its own faults as such, not of an engine that is away, and a repeat does the rest', async () => {
    const client = await withTheirs();
    const [mine, over] = [new Error('of my own'), new AbortController()];
    const fail = (): never => {
      throw mine;
    };
    over.abort(mine);
    const wrong: readonly Omit<EraseOptions, 'tag'>[] = [
      { signal: over.signal },
      { onProgress: fail },
      { events: { eraseSubject: () => Promise.reject(mine) } },
    ];
    for (const options of wrong) await expect(client.erase({ tag, ...options })).rejects.toBe(mine);
    await client.erase({ tag });
    expect((await client.find({ tag })).jobs).toEqual([]);
  });

  test.each([{ signal: {} }, { onProgress: 5 }, { running: 5n }])(
    'is refused before anything is erased where what it asks for is nothing: %o',
    async wrong => {
      const client = await withTheirs();
      // As a program without types would.
      await expect(client.erase({ tag, ...(wrong as object) })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
      expect((await client.find({ tag })).jobs).toHaveLength(3);
    },
  );
});

describe.each(engineCases)('case 36 on $kind', ({ kind, open }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  test('a person is erased under load, with a job of theirs running, under both secrets: all is found and counted, nobody else is touched, it is on record, and a repeat finds nothing', async () => {
    const { url, namespace, cleanup } = await open();
    closing.push(cleanup);
    const clientWith = (secret: string, previousSecret?: string) => {
      const client = connect({ [kind]: url, namespace, secret, previousSecret });
      closing.push(() => client.close());
      return client;
    };
    const [before, client] = [clientWith(OLD), clientWith(NEW, OLD)];
    const facts = new Facts();
    const engine = openEngine({ url, namespace, role: 'producer' });
    closing.push(() => engine.close());
    const writer = new JournalWriter({
      worker: 'w',
      host: 'h',
      release: undefined,
      store: () => openJournal(engine),
      succeededBytes: 1e6,
      now: () => engine.clock.now(),
      everyMs: 50,
    });
    closing.push(recordRuns(facts, { writer, now: () => engine.clock.now(), causeOf: () => 'cause' }));
    const stopped = Promise.withResolvers<string>();
    const app = defineApp({
      jobs: [mail],
      handlers: [
        handle(mail, async ({ user, what }, run) => {
          run.log(`for ${user}`);
          await run.step('made', () => what);
          if (what === 'fails') throw new Error('no');
          if (what === 'runs') {
            await new Promise(resolve => run.signal.addEventListener('abort', resolve, { once: true }));
            stopped.resolve(String(run.signal.reason));
            throw run.signal.reason;
          }
          return what;
        }),
      ],
      queues: { email: { concurrency: 5 } },
    });
    const host = createWorkerHost({
      app,
      engine: openEngine({ url, namespace, role: 'worker', secrets: { secret: NEW, previousSecret: OLD } }),
      facts,
    });
    closing.push(() => host.stop(2_000));
    await host.start();

    const done = await before.enqueue(mail, { user: 'ada', what: 'done' });
    const dead = await client.enqueue(mail, { user: 'ada', what: 'fails' });
    const runs = await client.enqueue(mail, { user: 'ada', what: 'runs' });
    const waits = await before.enqueue(mail, { user: 'ada', what: 'waits' }, { delay: '1h' });
    const bob = await client.enqueue(mail, { user: 'bob', what: 'waits' }, { delay: '1h' });
    const bobs = await client.enqueue(mail, { user: 'bob', what: 'done' });
    for (const { id } of [done, bobs]) await client.result(id, { contract: mail, timeout: '1m' });
    await waitFor('the dead one', async () => (await client.job(dead.id))?.state === 'dead');
    await waitFor('the one that runs', async () => (await client.job(runs.id))?.state === 'running');
    await writer.flush();

    // Others go on meanwhile, theirs among them.
    const over = new AbortController();
    const load = (async () => {
      for (let nth = 0; nth < 60 && !over.signal.aborted; nth += 1) {
        await client.enqueueMany([
          mail({ user: 'eve', what: 'done' }),
          ...(nth < 5 ? [mail({ user: 'ada', what: 'late' }, { delay: '1h' })] : []),
        ]);
      }
    })();
    const seen: number[] = [];
    const answer = await client.erase({ tag, by: 'ann', onProgress: ({ waiting }) => seen.push(waiting) });
    over.abort();
    await load;
    expect(await stopped.promise).toContain('its data is erased');
    expect(answer).toMatchObject({ left: [], journal: 'erased' });
    expect(answer.erased).toMatchObject({ succeeded: 1, running: 1, dead: 1 });
    expect(answer.erased.waiting).toBeGreaterThanOrEqual(1);
    expect(answer.erased.steps).toBeGreaterThanOrEqual(3);
    expect(answer.erased.results).toBe(1);
    expect(answer.erased.logLines).toBeGreaterThanOrEqual(4);
    expect(answer.erased.runs).toBeGreaterThanOrEqual(2);
    expect(seen.length).toBeGreaterThan(2);
    for (const what of [
      'Backups',
      'outbox',
      'event store',
      'schedules without this tag',
      'record cannot be read',
      "BullMQ's streams",
    ])
      expect(answer.notReached.join()).toContain(what);
    for (const { id } of [done, dead, runs, waits]) expect(await client.job(id)).toBeUndefined();
    await expect(client.result(done.id, { timeout: '1m' })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });

    // What was enqueued or written while it ended.
    await writer.flush();
    await client.erase({ tag });
    const again = await client.erase({ tag });
    expect(Object.values(again.erased).every(count => count === 0)).toBe(true);
    expect(await client.find({ tag })).toMatchObject({ jobs: [], runs: [], journal: 'read' });
    expect((await client.find({ tag: { user: 'bob' } })).jobs.map(({ id }) => id).toSorted()).toEqual(
      [bob.id, bobs.id].toSorted(),
    );
    expect(await client.result(bobs.id, { contract: mail })).toBe('done');
    const records = await readErasures(engine);
    expect(records).toHaveLength(3);
    expect(records.at(-1)).toMatchObject({ by: 'ann', tags: ['user'], erased: answer.erased, left: 0 });
    expect(JSON.stringify(records)).not.toContain('ada');
  });
});

describe.each([...engineCases, inMemory])('case 36: what stands beside a job, on $kind', ({ kind, open }) => {
  const note = defineJob({ queue: 'email', name: 'note', schema: z.object({ what: z.string() }), result: z.string() });
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const stop of stops.splice(0)) await stop();
  });

  async function setup(work: (what: string, signal: AbortSignal) => Promise<unknown> = async () => undefined) {
    const app = defineApp({
      jobs: [mail, note],
      handlers: [
        handle(mail, async ({ what }, { signal }) => {
          await work(what, signal);
          return what;
        }),
        handle(note, ({ what }) => what),
      ],
    });
    const running = await runApp({ open }, app);
    stops.push(() => running.stop());
    return running;
  }

  test('a batch keeps the end that it knows, and has one that waited as cancelled; children go with their parent, and a parent goes on without its child', async () => {
    const { client } = await setup();
    const later = { delay: '1h' } as const;
    const kept = await client.batch({
      name: 'kept',
      jobs: [mail({ user: 'ada', what: 'done' }), mail({ user: 'bob', what: 'waits' }, later)],
      onDeath: note({ what: 'death' }),
    });
    const over = await client.batch({ name: 'over', jobs: [mail({ user: 'ada', what: 'waits' }, later)] });
    const hers = await client.flow(
      flow(mail({ user: 'ada', what: 'parent' }), [note({ what: 'done' }), note({ what: 'waits' }, later)]),
    );
    const other = await client.flow(flow(note({ what: 'goes on' }), [mail({ user: 'ada', what: 'child' }, later)]));
    const [first, second] = hers.children;
    await client.result(first?.id ?? '', { timeout: '1m' });
    await waitFor('the first member', async () => (await client.batchView(kept.id))?.ended.succeeded === 1);

    const { erased, left } = await client.erase({ tag });
    expect(left).toEqual([]);
    expect(erased).toMatchObject({ waiting: 4, succeeded: 2, results: 2 });
    expect(await client.batchView(kept.id)).toMatchObject({ open: 1, ended: { succeeded: 1, discarded: 0 } });
    expect(await client.batchView(over.id)).toMatchObject({ open: 0, ended: { cancelled: 1, discarded: 0 } });
    for (const child of [first, second]) expect(await client.job(child?.id ?? '')).toBeUndefined();
    await expect(client.result(first?.id ?? '', { timeout: '1m' })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
    expect(await client.result(other.id, { timeout: '1m' })).toBe('goes on');
  });

  test('what runs may end first, where that was asked: it is not cancelled, and erased then; one that does not end in time is named', async () => {
    const gate = Promise.withResolvers<void>();
    const { client } = await setup(() => gate.promise);
    const { id } = await client.enqueue(mail, { user: 'ada', what: 'runs' });
    await waitFor('it to run', async () => (await client.job(id))?.state === 'running');
    expect(await client.erase({ tag, running: 'wait', timeout: '1ms' })).toMatchObject({
      left: [id],
      erased: { running: 0 },
    });
    const looks = vi.spyOn(await insidesOf(client).engine.queue('email'), 'getJobState');
    const erasing = client.erase({ tag, running: 'wait', timeout: '1m' });
    await waitFor('it to be met, and looked at again', async () => looks.mock.calls.length > 2);
    gate.resolve();
    expect(await erasing).toMatchObject({ left: [], erased: { running: 1, dead: 0 } });
    expect(await client.job(id)).toBeUndefined();
  });

  test('schedules made at run time for them go, under both secrets, and make no new job; what onDead had still to queue for them goes, too', async () => {
    const { url, namespace, cleanup } = await open();
    stops.push(cleanup);
    const facts = new Facts();
    const clientWith = (secret: string, previousSecret?: string) => {
      const engine = openEngine({ url, namespace, role: 'producer', secrets: { secret, previousSecret } });
      const client = clientOn(engine, facts);
      stops.unshift(() => client.close());
      return { client, engine };
    };
    const before = clientWith(OLD);
    const { client, engine } = clientWith(NEW, OLD);
    await engine.migrate();
    const daily = (user: string) => ({ job: mail({ user, what: 'digest' }), every: '1h' }) as const;
    await before.client.schedules.upsert('digest:1', daily('ada'));
    await client.schedules.upsertMany([
      { name: 'digest:2', ...daily('ada') },
      { name: 'digest:3', ...daily('bob') },
      { name: 'plain', job: note({ what: 'ada' }), every: '1h' },
    ]);
    const [hers, his] = await client.enqueueMany([
      mail({ user: 'ada', what: 'x' }, { delay: '1h' }),
      mail({ user: 'bob', what: 'x' }, { delay: '1h' }),
    ]);
    const state = await openState(engine);
    const pending = (jobId = '') => ({ jobId, queue: 'email', at: 1, name: 'note', data: { what: 'x' }, options: {} });
    for (const { id } of [hers, his].flatMap(job => job ?? []))
      await state.set(DEATH_NOTES, `1 ${id}`, pending(id), 60_000);

    const { erased } = await client.erase({ tag });
    expect(erased).toMatchObject({ waiting: 1, schedules: 2, notes: 1 });
    expect((await client.schedules.list()).schedules.map(({ name }) => name)).toEqual(['digest:3', 'plain']);
    expect((await state.list(DEATH_NOTES)).map(({ name }) => name)).toEqual([`1 ${his?.id}`]);
    expect((await client.erase({ tag })).erased).toEqual(NOTHING_ERASED);
    // Who the tag stands for is not to be guessed from a record either.
    expect(JSON.stringify(await openSchedules(engine).get(['digest:3']))).not.toContain(OLD);
    const { schedules } = await openSchedules(engine).get(['digest:3']);
    const [digest] = digestsOf(knownSecrets(NEW, OLD).known, { tags: [{ name: 'user', value: 'bob' }] });
    expect(schedules[0]?.schedule.tags).toBe(digest?.[0]);
  });

  test.runIf(kind === 'memory')(
    'one that begins while others are erased is cancelled as those that ran before',
    async () => {
      const begun = Promise.withResolvers<void>();
      const { client, engine } = await setup(async (_, signal) => {
        begun.resolve();
        await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
        throw signal.reason;
      });
      const { id } = await client.enqueue(mail, { user: 'ada', what: 'runs' }, { delay: '1h' });
      const queue = await insidesOf(client).engine.queue('email');
      const stateOf = queue.getJobState.bind(queue);
      // Once it was seen that it waits.
      vi.spyOn(queue, 'getJobState')
        .mockImplementationOnce(stateOf)
        .mockImplementationOnce(async asked => {
          await client.update(id, { at: new Date(engine.clock.now()) });
          await begun.promise;
          return stateOf(asked);
        });
      expect(await client.erase({ tag, timeout: '1m' })).toMatchObject({ left: [], erased: { running: 1 } });
      expect(await client.job(id)).toBeUndefined();
    },
  );
});

test('case 36: the key of their personal data in events is thrown away with the rest, counted, on record without who, and a repeat finds nothing', async () => {
  const database = await freshDatabase('migrated_stores');
  const pool = new Pool({ connectionString: database.url, max: 4 });
  pool.on('error', () => undefined);
  const engine = openEngine({ url: `memory://${database.url.slice(-12)}`, namespace: 'test', role: 'producer' });
  const client = clientOn(engine, new Facts());
  try {
    await migrateEventStore(pool);
    const store = new EventStore({ pool, events: bankEvents, personalData: bankPersonalData });
    const opened = (ownerId: string, ownerName: string) =>
      accountOpened({ ownerId, ownerName, initialBalance: 1, currency: 'EUR' });
    await store.append('account-1', [opened('ada', 'Lovelace')], { expectedVersion: 0 });
    await store.append('account-2', [opened('ada', 'Lovelace')], { expectedVersion: 0 });
    await store.append('account-3', [opened('bob', 'Boole')], { expectedVersion: 0 });
    const done = await client.erase({ tag, events: store });
    expect(done.erased).toEqual({ ...NOTHING_ERASED, events: 2 });
    expect(done.notReached.join()).toContain('read models');
    expect((await client.erase({ tag, events: store })).erased.events).toBe(0);
    const names: unknown[] = [];
    for await (const { payload } of store.readAll()) names.push(payload);
    expect(names).toMatchObject([{ ownerName: 'Erased' }, { ownerName: 'Erased' }, { ownerName: 'Boole' }]);
    const records = await readErasures(engine);
    expect(records.map(({ erased }) => erased.events)).toEqual([0, 2]);
    expect(JSON.stringify(records)).not.toContain('ada');
    // Whom the events know under another name.
    expect((await client.erase({ tag: { user: 'u-2' }, events: store, subject: 'bob' })).erased.events).toBe(1);
    for (const wrong of [{ subject: 'bob' }, { events: store, tag: { user: 'a', order: 'b' } }, { events: {} }])
      await expect(client.erase({ tag, ...wrong } as EraseOptions)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await store.settle();
  } finally {
    await client.close();
    await pool.end();
    await database.drop();
  }
});

test('case 36: jobs of theirs in an outbox go, under both secrets, also one that a relay has under way, and those of others stay', async () => {
  const database = await freshDatabase('migrated_stores');
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  let relay: PoolClient | undefined;
  try {
    for (const [secret, user] of [
      [OLD, 'lovelace'],
      [NEW, 'lovelace'],
      [NEW, 'bob'],
    ] as const) {
      await inTransaction(pool, tx => new Outbox({ secret }).enqueue(tx, mail, { user, what: 'x' }));
    }
    const digests = digestsOf(knownSecrets(NEW, OLD).known, { tags: [{ name: 'user', value: 'lovelace' }] });
    // As a relay has it, until its transaction ends: by then the engine has the job, too.
    relay = await pool.connect();
    await relay.query('begin');
    await relay.query(
      "select from shiftwork_outbox.entry where body like '%lovelace%' order by position limit 1 for update",
    );
    let isOver = false;
    const erasing = eraseEntries(pool, digests).finally(() => (isOver = true));
    const count = "select count(*)::int as n from shiftwork_outbox.entry where body like '%lovelace%'";
    await waitFor('the other one to go', async () => {
      const { rows } = await pool.query<{ n: number }>(count);
      return rows[0]?.n === 1;
    });
    // The pool has one connection left: whatever was asked before these has been answered.
    for (let nth = 0; nth < 3; nth += 1) await pool.query(count);
    expect(isOver).toBe(false);
    await relay.query('commit');
    expect(await erasing).toBe(2);
    expect(await eraseEntries(pool, digests)).toBe(0);
    const { rows } = await pool.query<{ body: string }>('select body from shiftwork_outbox.entry');
    expect(rows.map(({ body }) => body.includes('bob'))).toEqual([true]);
  } finally {
    relay?.release(true);
    await pool.end();
    await database.drop();
  }
});
