import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runMigrations } from 'bullmq';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { queueSchema, schemaParts } from '../../src/engine/postgres/queue-schema.ts';
import { migrateSchema, type SchemaPart } from '../../src/migrations/index.ts';
import { schemaOf } from '../../src/engine/settings/namespace.ts';
import { openState } from '../../src/state/index.ts';
import { freshDatabase, type FreshDatabase } from '../support/engines.ts';

const RELEASE = readFileSync(new URL('release-0.1-queues.sql', import.meta.url), 'utf8');
const NEWEST = queueSchema('any').migrations.length;

let database: FreshDatabase;
let client: Client;

beforeAll(async () => {
  database = await freshDatabase();
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** A job that waits and a value that is shared, as an earlier release left them. */
async function leaveBehind(namespace: string): Promise<void> {
  const schema = schemaOf(namespace);
  const engine = openEngine({ url: database.url, namespace, role: 'producer' });
  const queue = await engine.queue('email');
  await queue.add('greet', { to: 'ada' }, { jobId: 'email-old', attempts: 3, priority: 5 });
  await engine.close(500);
  await client.query(
    `insert into "${schema}".shiftwork_state
     values ('ledger', 'sent', '{"once":"done"}', nextval('"${schema}".shiftwork_state_version'), now() + interval '1 day')`,
  );
}

/** What a process of this release does with it. */
async function goOn(namespace: string): Promise<unknown> {
  const engine = openEngine({ url: database.url, namespace, role: 'producer' });
  try {
    const { errors } = await engine.check();
    expect(errors).toEqual([]);
    const turns = await engine.turns('email');
    const now = engine.clock.now();
    const take = { tokens: ['t'], worker: 'w', lockMs: 30_000, maxBytes: 1_000_000 };
    const { jobs } = await turns.turn({ id: randomUUID(), now, ends: [], take });
    const end = { what: 'succeeded', result: '1', keep: { count: -1 }, key: undefined, data: undefined } as const;
    const ends = jobs.map(({ id }) => ({ jobId: id, token: 't', end }));
    const { settled } = await turns.turn({ id: randomUUID(), now, ends, take: undefined });
    const sent = await (await openState(engine)).get('ledger', 'sent');
    return { jobs: jobs.map(({ id, data }) => ({ id, data })), settled, sent: sent?.value };
  } finally {
    await engine.close(500);
  }
}

const WHOLE = {
  jobs: [{ id: 'email-old', data: { to: 'ada' } }],
  settled: [{ kind: 'settled' }],
  sent: { once: 'done' },
};

describe('the tables beside the queues', () => {
  const numbers = Array.from({ length: NEWEST }, (_, before) => before + 1);

  test.each(numbers)('of migration %i are brought to this release, with what is in them', async number => {
    const namespace = `from${number}`;
    const whole = queueSchema(schemaOf(namespace));
    const { functions: _later, ...tables } = whole;
    const earlier: SchemaPart = { ...tables, migrations: whole.migrations.slice(0, number) };
    await runMigrations(client, schemaOf(namespace));
    for (const part of schemaParts(schemaOf(namespace))) if (part.part !== 'queues') await migrateSchema(client, part);
    await migrateSchema(client, earlier);
    await leaveBehind(namespace);
    const applied = [...whole.migrations.slice(number).map(({ name }) => name), 'functions of this release'];
    expect(await migrateSchema(client, whole)).toEqual({ part: 'queues', from: number, to: NEWEST, applied });
    expect(await goOn(namespace)).toEqual(WHOLE);
  });

  test('of 0.1, which had no numbers, are taken over', async () => {
    await runMigrations(client, schemaOf('old'));
    await client.query(`set search_path to bullmq_old`);
    await client.query(RELEASE);
    await client.query(`alter table shiftwork_state alter column value type jsonb; reset search_path`);
    await leaveBehind('old');
    const engine = openEngine({ url: database.url, namespace: 'old', role: 'worker' });
    const missing = queueSchema('old').migrations.map(({ name }) => name);
    const { errors } = await engine.check();
    expect(errors.slice(-1)).toEqual([
      `Expected the tables of queues at migration ${NEWEST}, found none (missing: ${missing.join(', ')}, functions of this release). Run "shiftwork migrate".`,
    ]);
    expect((await engine.migrate()).at(-1)).toMatchObject({ part: 'queues', from: 0, to: NEWEST });
    for (const { from, to, applied } of await engine.migrate())
      expect({ to, applied }).toEqual({ to: from, applied: [] });
    await engine.close(500);
    expect(await goOn('old')).toEqual(WHOLE);
  });
});

test('functions of another release are found missing until they were run once, and stay known', async () => {
  await runMigrations(client, 'functions');
  for (const part of schemaParts('functions')) await migrateSchema(client, part);
  const now = queueSchema('functions');
  const next: SchemaPart = { ...now, functions: `${now.functions}\n-- another` };
  const changed = await migrateSchema(client, next);
  expect(changed).toMatchObject({ from: NEWEST, to: NEWEST, applied: ['functions of this release'] });
  // A process of the release before goes on during a roll-out.
  expect(await migrateSchema(client, now)).toMatchObject({ applied: [] });
});
