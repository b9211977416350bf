import { Pool, type PoolClient } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases, freshDatabase, type EngineFixture, type FreshDatabase } from '../../tests/support/engines.ts';
import { PATIENCE_MS, waitFor } from '../../tests/support/wait-for.ts';
import { defineEvent, defineJob, react } from '../contracts/index.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import {
  BusUnavailableError,
  Bus,
  InProcessTransport,
  reactNow,
  runReactions,
  type OutgoingEvent,
} from '../events/index.ts';
import { Facts, type Fact } from '../facts/index.ts';
import { connect, readMeta, type Client } from '../queue/index.ts';
import {
  EndsUnrecordedError,
  forgetSeen,
  migrateOutbox,
  noteUnrecorded,
  once,
  onceInTransaction,
  Outbox,
  readOutboxStatus,
  reconcile,
  recordEnds,
  Relay,
  type RelayOptions,
} from './index.ts';
import { inTransaction } from '../../tests/support/in-transaction.ts';

const greet = defineJob({ queue: 'outbox', name: 'greet', schema: z.object({ userId: z.string() }) });
const keyed = defineJob({
  queue: 'outbox',
  name: 'keyed',
  schema: z.object({ userId: z.string() }),
  key: ({ userId }) => [userId],
});
/** A transaction in which nothing is asked. */
const nobody = { query: () => Promise.reject(new Error('asked')) };
const userRegistered = defineEvent('user.registered', { schema: z.object({ userId: z.string(), at: z.date() }) });
const welcome = react(userRegistered, 'welcome', ({ payload }) => [
  greet({ userId: payload.userId }),
  greet({ userId: 'operations' }),
]);

describe.each(engineCases)('the outbox with an engine on $kind', ({ open, kind }) => {
  let fixture: EngineFixture;
  let database: FreshDatabase;
  let pool: Pool;
  let engine: Engine;
  let client: Client;
  let outbox: Outbox;
  let facts: Facts;
  let stated: Fact[];
  let relays: Relay[];

  beforeEach(async () => {
    [fixture, database] = await Promise.all([open(), freshDatabase('migrated_stores')]);
    pool = new Pool({ connectionString: database.url, max: 12 });
    pool.on('error', () => undefined);
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'producer' });
    client = connect({ [kind]: fixture.url, namespace: fixture.namespace });
    await Promise.all([engine.migrate(), migrateOutbox(pool), migrateOutbox(pool)]);
    outbox = new Outbox();
    facts = new Facts();
    stated = [];
    facts.onAny(fact => stated.push(fact));
    relays = [];
  });
  afterEach(async () => {
    await Promise.all(relays.map(relay => relay.stop()));
    await client.close();
    await engine.close();
    await pool.end();
    await Promise.all([fixture.cleanup(), database.drop()]);
  });

  const relay = (options: Partial<RelayOptions> = {}): Relay => {
    const made = new Relay({ pool, engine, facts, pollEveryMs: 200, lagEveryMs: 50, ...options });
    relays.push(made);
    made.start();
    return made;
  };
  const transaction = async <Result>(act: (tx: PoolClient) => Promise<Result>): Promise<Result> => {
    const tx = await pool.connect();
    try {
      await tx.query('begin');
      const result = await act(tx);
      await tx.query('commit');
      return result;
    } catch (error) {
      await tx.query('rollback');
      throw error;
    } finally {
      tx.release();
    }
  };
  const queued = async (): Promise<readonly string[]> => {
    const queue = await engine.queue('outbox');
    const jobs = await queue.getJobs(['waiting', 'prioritized', 'delayed']);
    return jobs.map(({ id = '' }) => id);
  };

  test('what is written is nowhere until the commit, then queued under the id that was promised; a rollback leaves nothing', async () => {
    relay();
    const gone = transaction(async tx => {
      await outbox.enqueue(tx, greet, { userId: 'nobody' });
      await outbox.publish(tx, userRegistered({ userId: 'nobody', at: new Date() }), { reactions: [welcome] });
      throw new Error('changed my mind');
    });
    await expect(gone).rejects.toThrow('changed my mind');
    const { id } = await transaction(async tx => {
      const receipt = await outbox.enqueue(tx, greet, { userId: 'ada' }, { correlationId: 'c-1', delay: '1h' });
      await expect(outbox.find(pool, receipt.id)).resolves.toBeUndefined();
      return receipt;
    });
    await waitFor('the job', async () => (await client.job(id)) !== undefined);
    await expect(client.job(id)).resolves.toMatchObject({ name: 'greet', state: 'delayed', correlationId: 'c-1' });
    await waitFor('the record', async () => (await readOutboxStatus(pool)).unfinished === 1);
    expect(await queued()).toEqual([id]);
  });

  test('is migrated again while a transaction has written into it: it waits for nobody', async () => {
    const impatient = new Pool({ connectionString: database.url, max: 1, options: '-c lock_timeout=1s' });
    try {
      await transaction(async tx => {
        await outbox.publish(tx, userRegistered({ userId: 'u-1', at: new Date() }));
        await expect(migrateOutbox(impatient)).resolves.toMatchObject({ applied: [] });
      });
    } finally {
      await impatient.end();
    }
  });

  test('a job that waits for the relay can be found, and what does not fit is refused before anything is written', async () => {
    const receipt = await transaction(tx => outbox.enqueue(tx, greet, { userId: 'ada' }));
    await expect(outbox.find(pool, receipt.id)).resolves.toMatchObject(receipt);
    await expect(outbox.find(pool, 'unknown')).resolves.toBeUndefined();
    // @ts-expect-error wrong on purpose
    await expect(outbox.enqueue(nobody, greet, { userId: 7 })).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ pending: 1, unfinished: 0, stuck: [] });
  });

  test('without SHIFTWORK_SECRET a job has one id by either way once a relay has started, whoever had made a secret first', async () => {
    // A producer was quicker than the relay: the engine has a secret, and the outbox another.
    await client.secrets.load();
    relay();
    const event = userRegistered({ userId: 'u', at: new Date(5) }, { id: 'e-1', timestamp: new Date(5) });
    const shared = new Outbox({ secrets: client.secrets });
    const wanted = (await shared.preview(event, [welcome])).map(({ id }) => id);
    await waitFor('the copy of the secret', async () => {
      // One of its own each time: what was read once is gone by for a minute.
      const own = new Outbox();
      const { jobs } = await transaction(tx => own.publish(tx, event, { reactions: [welcome] }));
      return jobs.every(({ id }, index) => id === wanted[index]);
    });
    const receipts = await reactNow(client, event, [welcome]);
    expect(receipts.map(({ id }) => id)).toEqual(wanted);
  });

  test('a key that was written into the outbox tells other data from the same, for whoever enqueues it', async () => {
    relay();
    const options = { idempotencyKey: 'k' };
    const secrets = { secrets: client.secrets };
    const { id } = await transaction(tx => new Outbox(secrets).enqueue(tx, greet, { userId: 'ada' }, options));
    await waitFor('the job', async () => (await client.job(id)) !== undefined);
    await expect(client.enqueue(greet, { userId: 'ada' }, options)).resolves.toMatchObject({ id, deduplicated: true });
    await expect(client.enqueue(greet, { userId: 'eve' }, options)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      conflicts: [{ jobId: id }],
    });
  });

  test.each([undefined, 'user.registered', {}, userRegistered])(
    'what is no event is refused by type: %j',
    async given => {
      await expect(outbox.publish(nobody, given as never)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
      const event = userRegistered({ userId: 'u', at: new Date() });
      const confused = react(userRegistered, 'confused', () => given as never);
      await expect(outbox.publish(nobody, event, { reactions: [confused] })).rejects.toMatchObject({
        code: 'INVALID_CONTRACT',
      });
      await expect(outbox.publish(nobody, event, { reactions: [given] as never })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
      });
      await expect(readOutboxStatus(pool)).resolves.toMatchObject({ pending: 0 });
    },
  );

  test('an event is written with the jobs of its reactions: the ids are those that the bus would make', async () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    const request = userRegistered({ userId: 'ada', at }, { id: 'e-1', timestamp: at, correlationId: 'c-1' });
    const { jobs } = await transaction(tx => outbox.publish(tx, request, { reactions: [welcome] }));
    expect(jobs).toHaveLength(2);
    await expect(outbox.preview(request, [welcome])).resolves.toEqual(jobs);
    const bus = new Bus({ events: [userRegistered], transport: new InProcessTransport(), facts });
    const app = { reactions: new Map([[welcome.name, welcome]]) };
    const seen: Date[] = [];
    await bus.subscribe(userRegistered, ({ payload }) => void seen.push(payload.at));
    await runReactions(bus, client, app);
    relay({ bus });
    await waitFor('everything', async () => (await readOutboxStatus(pool)).pending === 0 && seen.length === 1);
    expect(seen).toEqual([at]);
    // What the relay publishes counts as published.
    expect(stated.filter(({ name }) => name === 'event.published')).toMatchObject([
      { fields: { eventId: 'e-1', eventType: 'user.registered', correlationId: 'c-1', traceId: expect.any(String) } },
    ]);
    expect((await queued()).toSorted()).toEqual(jobs.map(({ id }) => id).toSorted());
    const job = await (await engine.queue('outbox')).getJob(jobs[0]?.id ?? '');
    expect(readMeta(job?.opts.telemetry?.metadata)).toMatchObject({ correlationId: 'c-1', causationId: 'e-1' });
    await bus.close();
  });

  test('several relays at once send each entry once, and keys keep their order', async () => {
    const sent: OutgoingEvent[] = [];
    const bus = {
      async forward(event: OutgoingEvent) {
        if (Math.random() < 0.2) await new Promise(resolve => setImmediate(resolve));
        sent.push(event);
      },
    };
    const keys = ['ada', 'bob', 'cyd', 'dee', 'eve'];
    const perKey = 40;
    for (let index = 0; index < perKey; index += 1) {
      await transaction(async tx => {
        for (const userId of keys) {
          const id = `${userId}-${index}`;
          await outbox.publish(tx, userRegistered({ userId, at: new Date() }, { id }), { order: userId });
        }
        await outbox.enqueue(tx, greet, { userId: String(index) });
      });
      if (index === 5) for (let count = 0; count < 4; count += 1) relay({ bus });
    }
    await waitFor('all', async () => (await readOutboxStatus(pool)).pending === 0);
    expect(sent).toHaveLength(keys.length * perKey);
    expect(await queued()).toHaveLength(perKey);
    for (const key of keys) {
      const order = sent.filter(({ id }) => id.startsWith(key)).map(({ id }) => Number(id.slice(4)));
      expect(order).toEqual(Array.from({ length: perKey }, (_, index) => index));
    }
  });

  test('a session that is cut off more often than a full batch takes does not have the same entries sent for ever', async () => {
    const EVENTS = 200;
    const CUT_OFF_EVERY = 40;
    const forwarded: string[] = [];
    const bus = {
      async forward({ id }: OutgoingEvent) {
        forwarded.push(id);
        if (forwarded.length % CUT_OFF_EVERY > 0) return;
        await pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and state = 'idle in transaction'`,
        );
      },
    };
    await inTransaction(pool, async tx => {
      for (let n = 0; n < EVENTS; n += 1) await outbox.publish(tx, userRegistered({ userId: `u${n}`, at: new Date() }));
    });
    relay({ bus });
    await waitFor('all to be recorded', async () => (await readOutboxStatus(pool)).pending === 0);
    expect(new Set(forwarded).size).toBe(EVENTS);
    expect(forwarded.length).toBeLessThan(4 * EVENTS);
  });

  test('while the bus is away events wait and jobs go on; what can never be sent stands aside, and both are stated', async () => {
    let away = true;
    const sent: string[] = [];
    const bus = {
      async forward({ id }: OutgoingEvent) {
        if (id === 'poison') throw new Error('never\0');
        if (away) throw new BusUnavailableError('test', id, 'it is away');
        sent.push(id);
      },
    };
    const stalled = facts.next('outbox.stalled');
    relay({ bus });
    await transaction(async tx => {
      await outbox.publish(tx, userRegistered({ userId: 'u', at: new Date() }, { id: 'poison' }), { order: 'k' });
      await outbox.publish(tx, userRegistered({ userId: 'u', at: new Date() }, { id: 'sound' }), { order: 'k' });
      await outbox.enqueue(tx, greet, { userId: 'u' });
    });
    await stalled;
    await waitFor('the job', async () => (await queued()).length === 1);
    await facts.next('outbox.lag', ({ pending, oldestMs }) => pending === 1 && oldestMs > 0);
    const flowing = facts.next('outbox.resumed');
    away = false;
    await flowing;
    await waitFor('the event', () => sent.length === 1);
    expect(sent).toEqual(['sound']);
    const { stuck } = await readOutboxStatus(pool);
    expect(stuck).toEqual([{ id: 'poison', name: 'user.registered', reason: 'never\uFFFD' }]);
    expect(stated.filter(({ name }) => name === 'outbox.stuck')).toHaveLength(1);
  });

  test('what cannot be read any more stands aside, without a word of what it holds, and keeps none of its queue or key', async () => {
    const order = 'u-1';
    const ids = await transaction(async tx => {
      const { id: first } = await outbox.enqueue(tx, greet, { userId: 'ada' }, { order });
      const { id: second } = await outbox.enqueue(tx, greet, { userId: 'ada' }, { order });
      const event = await outbox.publish(tx, userRegistered({ userId: 'ada', at: new Date() }), { order });
      const { id: last } = await outbox.enqueue(tx, greet, { userId: 'bob' }, { order });
      return { first, second, event: event.id, last };
    });
    const forwarded: string[] = [];
    await pool.query("update shiftwork_outbox.entry set body = 'ada''s secret' where id = any($1)", [
      [ids.first, ids.event],
    ]);
    await pool.query(`update shiftwork_outbox.entry set body = '{"options":{}}' where id = $1`, [ids.second]);
    relay({ bus: { forward: async ({ id }) => void forwarded.push(id) } });
    await waitFor('the last', async () => (await queued()).includes(ids.last));
    const stuck = await waitFor('the others to stand aside', async () => {
      const found = (await readOutboxStatus(pool)).stuck;
      return found.length === 3 && found;
    });
    expect(stuck.map(({ id }) => id).toSorted()).toEqual([ids.first, ids.second, ids.event].toSorted());
    expect(stuck.map(({ reason }) => reason).join()).not.toContain('secret');
    expect([await queued(), forwarded]).toEqual([[ids.last], []]);
  });

  test('a bus that is away stands before no job, however many events wait for it', async () => {
    let tries = 0;
    const bus = {
      async forward({ id }: OutgoingEvent) {
        tries += 1;
        throw new BusUnavailableError('test', id, 'it is away');
      },
    };
    const order = 'k';
    await transaction(async tx => {
      for (let index = 0; index < 130; index += 1) {
        await outbox.publish(tx, userRegistered({ userId: 'u', at: new Date() }), { order });
      }
      await outbox.enqueue(tx, greet, { userId: 'first' }, { order });
    });
    const stalled = facts.next('outbox.stalled');
    relay({ bus });
    await stalled;
    await waitFor('the job behind the events', async () => (await queued()).length === 1);
    // It is in the engine before that is recorded.
    await waitFor('its record', async () => (await readOutboxStatus(pool)).pending === 130);
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ stuck: [] });
    // Not after a pause for the bus, which by now is seconds long.
    let count = 1;
    await waitFor('a job that did not wait until the bus was tried once more', async () => {
      const triesBefore = tries;
      count += 1;
      await transaction(tx => outbox.enqueue(tx, greet, { userId: String(count) }, { order }));
      await waitFor('the next job', async () => (await queued()).length === count);
      return tries === triesBefore;
    });
    expect(stated.filter(({ name }) => name === 'outbox.stalled')).toHaveLength(1);
  });

  test('the end of a job that was faster than the record of its sending is recorded all the same', async () => {
    const { id } = await transaction(tx => outbox.enqueue(tx, greet, { userId: 'fast' }));
    // As a relay that has sent it and not yet committed.
    const sender = await pool.connect();
    await sender.query('begin');
    await sender.query('select * from shiftwork_outbox.entry for update');
    await sender.query('update shiftwork_outbox.entry set sent_at = now()');
    const ends = recordEnds(facts, pool);
    const fields = { jobName: 'greet', queue: 'outbox', correlationId: 'c', attempt: 1, worker: 'w' };
    facts.emit('job.succeeded', { ...fields, jobId: id, waitedMs: 0, ranMs: 0 });
    await waitFor('the recorder', async () => {
      const { rows } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and query like 'delete from%entry%'",
      );
      return rows.length > 0;
    });
    await sender.query('commit');
    sender.release();
    await ends.close(PATIENCE_MS);
    await expect(reconcile(pool, engine)).resolves.toEqual({ checked: 0, ended: 0, alive: 0, again: 0 });
  });

  test('a discarded job does not come back when somebody reconciles, and a reconcile is refused where ends are not recorded', async () => {
    const { id } = await transaction(tx => outbox.enqueue(tx, greet, { userId: 'poison' }));
    const running = relay();
    await waitFor('the job', async () => (await client.job(id)) !== undefined);
    await waitFor('the record', async () => (await readOutboxStatus(pool)).unfinished === 1);
    await expect(reconcile(pool, engine, undefined, { unrecorded: ['host-1'] })).rejects.toThrow(EndsUnrecordedError);
    // It is gone by the time of the reconcile; a relay had seen it.
    await noteUnrecorded(pool, ['host-2']);
    await expect(reconcile(pool, engine)).rejects.toThrow('host-2');
    await expect(reconcile(pool, engine, undefined, { anyway: true })).resolves.toMatchObject({ alive: 1 });
    const ends = recordEnds(facts, pool);
    await (await engine.queue('outbox')).remove(id);
    facts.emit('job.discarded', { jobId: id, jobName: 'greet', queue: 'outbox', by: 'test', reason: 'poison' });
    await ends.close(PATIENCE_MS);
    // Nothing is open: nothing can run twice.
    await expect(reconcile(pool, engine)).resolves.toMatchObject({ checked: 0, again: 0 });
    await running.stop();
    expect(await client.job(id)).toBeUndefined();
  });

  test('a bus that is closed while the relay ends makes no event stuck', async () => {
    const bus = new Bus({ events: [userRegistered], transport: new InProcessTransport(), facts });
    await bus.close();
    const stalled = facts.next('outbox.stalled');
    relay({ bus });
    await transaction(tx => outbox.publish(tx, userRegistered({ userId: 'u', at: new Date() })));
    await stalled;
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ pending: 1, stuck: [] });
  });

  test('stopping waits no longer than it is told for a database that does not answer', async () => {
    const blocker = await pool.connect();
    await blocker.query('begin');
    await blocker.query('lock table shiftwork_outbox.slot');
    const blocked = relay();
    await waitFor('the relay to wait', async () => {
      const { rows } = await pool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    });
    await expect(blocked.stop(50)).resolves.toBeUndefined();
    await blocker.query('rollback');
    blocker.release();
    await blocked.stop();
  });

  test('a key that stands for another job: the second entry is gone, and the first is there once', async () => {
    const [one, two] = await transaction(async tx => [
      await outbox.enqueue(tx, keyed, { userId: 'u' }, { order: 'k' }),
      await outbox.enqueue(tx, keyed, { userId: 'u' }, { order: 'k' }),
    ]);
    relay();
    await waitFor('both', async () => (await readOutboxStatus(pool)).pending === 0);
    expect(await queued()).toEqual([one?.id]);
    expect(two?.id).not.toBe(one?.id);
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ unfinished: 1 });
  });

  test('what stands aside as stuck holds up nothing behind it in its key, and comes after that when it is put back', async () => {
    let sick = true;
    const sent: string[] = [];
    const bus = {
      async forward({ id }: OutgoingEvent) {
        if (sick && id === 'first') throw new Error('never');
        sent.push(id);
      },
    };
    for (const id of ['first', 'second', 'third']) {
      await transaction(tx =>
        outbox.publish(tx, userRegistered({ userId: 'u', at: new Date() }, { id }), { order: 'k' }),
      );
    }
    relay({ bus });
    await waitFor('what can be sent', () => sent.length === 2);
    await waitFor('the record', async () => (await readOutboxStatus(pool)).stuck.length === 1);
    sick = false;
    await reconcile(pool, engine);
    await waitFor('the first', () => sent.length === 3);
    expect(sent).toEqual(['second', 'third', 'first']);
  });

  test('an order, a time or an age that is none is refused by name, and nothing is written', async () => {
    const options: object = { order: 5 };
    const publishing = outbox.publish(nobody, userRegistered({ userId: 'u', at: new Date() }), options);
    await expect(publishing).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
      message: expect.stringContaining('order'),
    });
    await expect(outbox.enqueue(nobody, greet, { userId: 'u' }, options)).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
    expect(() => new Relay({ pool, engine, pollEveryMs: Number.NaN })).toThrow('pollEveryMs');
    expect(() => new Relay({ pool, engine, keepSeenForMs: -1 })).toThrow('keepSeenForMs');
    await expect(forgetSeen(pool, -1)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ pending: 0 });
  });

  test('ends are recorded; reconcile sends again what the engine has lost and nothing that has ended', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      ids.push((await transaction(tx => outbox.enqueue(tx, keyed, { userId: String(index) }))).id);
    }
    relay();
    await waitFor('all', async () => (await queued()).length === 6 && (await readOutboxStatus(pool)).unfinished === 6);
    const ends = recordEnds(facts, pool);
    const fields = { jobName: 'keyed', queue: 'outbox', correlationId: 'c', attempt: 1, worker: 'w' };
    const queue = await engine.queue('outbox');
    const [succeeded = '', dead = '', lost = '', alsoLost = '', ...alive] = ids;
    facts.emit('job.succeeded', { ...fields, jobId: succeeded, waitedMs: 0, ranMs: 0 });
    facts.emit('job.dead', { ...fields, jobId: dead, ranMs: 0, reason: 'permanent', error: new Error('x') });
    await ends.close(PATIENCE_MS);
    await expect(readOutboxStatus(pool)).resolves.toMatchObject({ unfinished: 4 });
    for (const id of [succeeded, dead, lost, alsoLost]) await queue.remove(id);
    await expect(reconcile(pool, engine)).resolves.toEqual({ checked: 4, ended: 0, alive: 2, again: 2 });
    await waitFor('what was lost', async () => (await queued()).length === 4);
    expect((await queued()).toSorted()).toEqual([lost, alsoLost, ...alive].toSorted());
    await waitFor('the record', async () => (await readOutboxStatus(pool)).unfinished === 4);
    await expect(reconcile(pool, engine)).resolves.toEqual({ checked: 4, ended: 0, alive: 4, again: 0 });
  });
});

describe('the inbox', () => {
  test.each([
    ['half of a surrogate pair, which would pass for every other half', 'k\ud800'],
    ['a NUL', 'k\0'],
    ['more than an index holds', 'k'.repeat(401)],
    ['nothing', ''],
    ['a number', 5],
  ])('refuses a key with %s before anything is asked or done', async (_, key) => {
    const done: unknown[] = [];
    const args = { scope: 'a', key } as { scope: string; key: string };
    const act = (scope: string, each: string) => onceInTransaction(nobody, scope, each, () => done.push(each));
    await expect(act('a', args.key)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(act(args.key, 'a')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(once(nobody, 'a', { id: args.key }, () => done.push(args.key))).rejects.toThrow(
      'the key of an effect',
    );
    expect(done).toEqual([]);
  });

  test('takes the longest scope and key that it allows, of characters that are long themselves', async () => {
    const database = await freshDatabase('migrated_stores');
    const pool = new Pool({ connectionString: database.url });
    await migrateOutbox(pool);
    // Of many kinds, so that nothing is compressed.
    const long = (from: number) => Array.from({ length: 400 }, (_, n) => String.fromCodePoint(from + n * 7)).join('');
    const act = (tx: PoolClient) => onceInTransaction(tx, long(0x4e00), long(0xac00), () => undefined);
    await expect(inTransaction(pool, act)).resolves.toBe(true);
    await pool.end();
    await database.drop();
  });

  test('does an effect once for each event and subscription, with the transaction or not at all', async () => {
    const database = await freshDatabase('migrated_stores');
    const pool = new Pool({ connectionString: database.url });
    await migrateOutbox(pool);
    await pool.query('create table effects (name text)');
    const attempt = async (event: string, subscription: string, fail = false): Promise<boolean> => {
      const tx = await pool.connect();
      try {
        await tx.query('begin');
        const done = await once(tx, subscription, { id: event }, () =>
          tx.query('insert into effects values ($1)', [`${subscription} ${event}`]),
        );
        await tx.query(fail ? 'rollback' : 'commit');
        return done;
      } finally {
        tx.release();
      }
    };
    await expect(attempt('e', 'a', true)).resolves.toBe(true);
    const answers = await Promise.all(Array.from({ length: 6 }, () => attempt('e', 'a')));
    expect(answers.filter(Boolean)).toHaveLength(1);
    await expect(attempt('e', 'b')).resolves.toBe(true);
    const { rows } = await pool.query('select name from effects order by name');
    expect(rows).toEqual([{ name: 'a e' }, { name: 'b e' }]);
    await pool.query("update shiftwork_outbox.inbox set seen_at = now() - interval '2 hours' where subscription = 'a'");
    await expect(forgetSeen(pool, 3_600_000)).resolves.toBe(1);
    await expect(attempt('e', 'b')).resolves.toBe(false);
    await expect(attempt('e', 'a')).resolves.toBe(true);
    await pool.end();
    await database.drop();
  });
});
