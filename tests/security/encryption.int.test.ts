import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, handle, react } from '../../src/contracts/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { JournalWriter, openJournal, recordRuns } from '../../src/journal/index.ts';
import { migrateOutbox, Outbox } from '../../src/outbox/index.ts';
import { connect } from '../../src/queue/index.ts';
import { fixed } from '../../src/resilience/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { conditionsOf, WorkReader } from '../../src/standing/index.ts';
import { createLogger, logFacts } from '../../src/telemetry/index.ts';
import { collectMetrics } from '../../src/telemetry/metrics/index.ts';
import { openTestDashboard } from '../support/dashboard.ts';
import { engineCases, freshDatabase, type EngineFixture } from '../support/engines.ts';
import { dumpOf, tablesOf } from '../support/engine-dump.ts';
import { waitFor } from '../support/wait-for.ts';
import { inTransaction } from '../support/in-transaction.ts';

const PLANTED = 'planted-5c1e';
const OLD = `old:${randomBytes(32).toString('base64')}`;
const NEW = `new:${randomBytes(32).toString('base64')}`;

const schema = z.object({ user: z.string(), token: z.string(), fails: z.boolean().default(false) });
const told = defineJob({ queue: 'email', name: 'told', schema, encrypt: ['token'] });
const reset = defineJob({
  queue: 'email',
  name: 'reset',
  schema,
  encrypt: ['token'],
  result: z.object({ link: z.string() }),
  retry: { attempts: 1, backoff: fixed(1) },
  onDead: ({ data }) => told({ user: 'ops', token: data?.token ?? '' }),
});
const gathered = defineJob({ queue: 'email', name: 'gathered', schema, encrypt: ['token'], chunk: { maxWait: 0 } });
const plain = defineJob({ queue: 'email', name: 'plain', schema: z.object({ user: z.string() }) });
const asked = defineEvent('reset.asked', { schema: z.object({ user: z.string() }) });

describe.each(engineCases)('case 35 on $kind', ({ kind, open }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function place() {
    const fixture = await open();
    closing.push(() => fixture.cleanup());
    return fixture;
  }

  function engineOn({ url, namespace }: EngineFixture, payloadKeys: string, role: 'producer' | 'worker'): Engine {
    return openEngine({ url, namespace, role, secrets: { payloadKeys } });
  }

  function clientOn({ url, namespace }: EngineFixture, payloadKeys: string, facts = new Facts()) {
    const client = connect({ [kind]: url, namespace, payloadKeys, facts });
    closing.push(() => client.close());
    return client;
  }

  /** What handlers were given. */
  const seen: string[] = [];
  const app = defineApp({
    jobs: [reset, told, gathered, plain],
    handlers: [
      handle(reset, async ({ token, fails }, run) => {
        seen.push(`reset ${token}`);
        run.progress({ at: token });
        run.log(`for ${token}`);
        // Born in the run: no scrubber knows it.
        await run.step('make', () => `${PLANTED}-of-a-step`);
        await run.once('send', () => `${PLANTED}-of-an-effect`);
        if (fails) throw new Error(`refused ${token}`);
        return { link: `${PLANTED}-of-a-result` };
      }),
      handle(told, ({ token }) => void seen.push(`told ${token}`)),
      handle(gathered, items => items.forEach(({ token }) => seen.push(`gathered ${token}`))),
      handle(plain, ({ user }) => void seen.push(`plain ${user}`)),
    ],
  });

  async function hostOn(fixture: EngineFixture, payloadKeys: string, facts = new Facts()) {
    const host = createWorkerHost({ app, engine: engineOn(fixture, payloadKeys, 'worker'), facts });
    const stop = (): Promise<void> => host.stop(2_000);
    closing.push(stop);
    await host.start();
    return { stop };
  }

  test('a value in an encrypted field, and what its run has stored, stand nowhere in the engine, an outbox, logs, metrics, journal or pages', async () => {
    seen.length = 0;
    const fixture = await place();
    const facts = new Facts();
    const written: string[] = [];
    const logger = createLogger({ name: 'x', variables: {}, stream: { write: text => void written.push(text) } });
    closing.push(logFacts(facts, logger, { success: true }));
    const metrics = collectMetrics(facts, app);
    closing.push(() => metrics.stop());
    const engine = engineOn(fixture, OLD, 'producer');
    closing.push(() => engine.close());
    const writer = new JournalWriter({
      worker: 'w',
      host: 'h',
      release: undefined,
      store: () => openJournal(engine),
      succeededBytes: 1e6,
      now: () => Date.now(),
    });
    closing.push(recordRuns(facts, { writer, now: () => Date.now(), causeOf: () => 'cause' }));

    const client = clientOn(fixture, OLD, facts);
    const value = (nth: string): { user: string; token: string } => ({ user: 'u1', token: `${PLANTED}-${nth}` });
    const done = await client.enqueue(reset, value('done'));
    await client.enqueue(reset, { ...value('dead'), fails: true });
    const waits = await client.enqueue(reset, value('waits'), { delay: '1h' });
    await client.update(waits.id, { contract: reset, data: value('updated') });
    await client.enqueue(gathered, value('gathered'));
    await client.batch({ name: 'b', jobs: [told(value('member'))], onComplete: told(value('called-back')) });
    const { stop } = await hostOn(fixture, OLD, facts);
    expect(await client.result(done.id, { contract: reset, timeout: '1m' })).toEqual({
      link: `${PLANTED}-of-a-result`,
    });
    await waitFor('all that follows', async () => seen.length >= 6);
    expect(seen).toEqual(
      expect.arrayContaining([`told ${PLANTED}-dead`, `told ${PLANTED}-called-back`, `gathered ${PLANTED}-gathered`]),
    );
    await stop();
    await writer.close();

    const dumped = await dumpOf(fixture, kind);
    expect(dumped).toContain('encrypted:v1:old:');
    expect(dumped).not.toContain(PLANTED);
    expect(written.join('')).toContain(done.id);
    expect(`${written.join('')}${await metrics.text()}`).not.toContain(PLANTED);

    const dashboard = await openTestDashboard({ fixture, app });
    closing.push(() => dashboard.close());
    const cookie = await dashboard.cookieOf('admin');
    for (const path of ['/', '/dead-letters', `/jobs/${done.id}`, `/jobs/${waits.id}`, '/jobs', '/queues/api/queues']) {
      const answer = await dashboard.send(path, { headers: { cookie, accept: 'text/html' } });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(await answer.text()).not.toContain(PLANTED);
    }
  });

  test.each([
    ['is missing', NEW],
    ['is another one of the same id', `${NEW},old:${randomBytes(32).toString('base64')}`],
  ])(
    'keys are changed while jobs wait; one that %s pauses its contract, spends nothing, names itself, and is given back',
    async (_, without) => {
      seen.length = 0;
      const fixture = await place();
      const { id } = await clientOn(fixture, OLD).enqueue(reset, { user: 'u1', token: 'before' });
      const engine = engineOn(fixture, NEW, 'producer');
      closing.push(() => engine.close());

      const facts = new Facts();
      const paused = facts.next('work.paused');
      const keyless = await hostOn(fixture, without, facts);
      expect(await paused).toMatchObject({
        queue: 'email',
        part: 'job/reset',
        reason: expect.stringContaining('"old"'),
      });
      const client = clientOn(fixture, NEW);
      await client.enqueue(plain, { user: 'goes-on' });
      await waitFor('another contract of the queue', async () => seen.includes('plain goes-on'));
      expect(await client.job(id)).toMatchObject({ attemptsMade: 0, state: 'delayed', errors: [] });
      expect((await client.pauses(['email'])).map(({ kind: why, keyId, of }) => [why, keyId, of.contract])).toEqual([
        ['key', 'old', 'reset'],
      ]);
      const work = await new WorkReader({
        app,
        engine,
        queues: () => new Map(),
        letters: { groups: async () => [] },
      }).read();
      const pauses = await client.pauses(['email']);
      expect(conditionsOf({ ...work, pauses })).toEqual(
        expect.arrayContaining([expect.objectContaining({ kind: 'stopped', about: 'email/reset without old' })]),
      );
      await keyless.stop();

      await hostOn(fixture, `${NEW},${OLD}`);
      // As a person who does not wait for the half minute.
      await client.resume({ contract: reset });
      await client.update(id, { at: new Date() });
      expect(await client.result(id, { contract: reset, timeout: '1m' })).toMatchObject({
        link: expect.any(String) as string,
      });
      expect(seen).toContain('reset before');
      expect(await client.job(id)).toMatchObject({ state: 'succeeded', attemptsMade: 1 });
    },
  );
});

test('case 35: what a transaction writes into an outbox is encrypted there', async () => {
  const database = await freshDatabase('migrated_stores');
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  try {
    await migrateOutbox(pool);
    const outbox = new Outbox({ payloadKeys: OLD, secret: 's'.repeat(32) });
    const reactions = [react(asked, 'reset-them', () => [reset({ user: 'u1', token: PLANTED })])];
    await inTransaction(pool, async tx => {
      await outbox.enqueue(tx, reset, { user: 'u1', token: PLANTED });
      await outbox.publish(tx, asked({ user: 'u1' }), { reactions });
    });
    const dumped = await tablesOf(pool);
    expect(dumped).toContain('encrypted:v1:old:');
    expect(dumped).not.toContain(PLANTED);
    const without = inTransaction(pool, tx => new Outbox().enqueue(tx, reset, { user: 'u1', token: PLANTED }));
    await expect(without).rejects.toMatchObject({ code: 'PAYLOAD_KEY_MISSING' });
  } finally {
    await pool.end();
    await database.drop();
  }
});
