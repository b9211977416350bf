import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { engineCases, namespace, type AnyEngineCase } from '../../tests/support/engines.ts';
import { defineApp, defineJob, handle } from '../contracts/index.ts';
import { DeadLetters } from './index.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn, readQueues } from '../queue/index.ts';

const MISSPELT = 'othres';
const theirs = defineJob({ queue: 'others', name: 'theirs', schema: z.strictObject({ n: z.int() }) });
const app = defineApp({ jobs: [theirs], handlers: [handle(theirs, () => undefined)] });

const memory: AnyEngineCase = {
  kind: 'memory',
  open: async () => ({ url: `memory://${namespace()}`, namespace: 'look', cleanup: async () => undefined }),
};

/** Where the engine has written something down for a queue. */
async function tracesOf(kind: Engine['kind'], url: string, prefix: string, queue: string): Promise<readonly string[]> {
  if (kind === 'redis') {
    const redis = new Redis(url);
    return redis.keys(`${prefix}:*${queue}*`).finally(() => redis.disconnect());
  }
  if (kind === 'memory') return [];
  const pool = new Pool({ connectionString: url, max: 1 });
  try {
    const { rows } = await pool.query<{ readonly name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.columns
        WHERE column_name = 'queue' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
    );
    const found = await Promise.all(
      rows.map(async ({ name }) => (await pool.query(`SELECT FROM ${name} WHERE queue = $1`, [queue])).rowCount),
    );
    expect(found.length).toBeGreaterThan(5);
    return rows.flatMap(({ name }, index) => (found[index] === 0 ? [] : [name]));
  } finally {
    await pool.end();
  }
}

describe.each([memory, ...engineCases])('a look at a queue on $kind', ({ kind, open }) => {
  test('writes nothing and makes no queue known: a misspelt name that was looked at is refused to whoever pauses it', async () => {
    const { url, namespace: prefix, cleanup } = await open();
    onTestFinished(cleanup);
    const engine = openEngine({ url, namespace: prefix, role: 'producer' });
    onTestFinished(() => engine.close());
    await engine.migrate();
    const client = clientOn(engine, new Facts());
    await client.enqueue(theirs, { n: 1 });
    const id = `${MISSPELT}/1`;
    const queue = MISSPELT;
    const turns = await engine.turns(queue);
    const letters = new DeadLetters({ engine, app });
    const looks: readonly (() => Promise<unknown>)[] = [
      () => client.find({ queue }),
      () => client.find({ queue, state: 'waiting' }),
      () => client.find({ queue, tag: { user: 'u-1' } }),
      () => client.find({ id }),
      () => client.job(id),
      () => client.cancel(id),
      () => client.update(id, { priority: 'high' }).catch(() => undefined),
      () => client.replay(id).catch(() => undefined),
      () => client.result(id, { timeout: 50 }).catch(() => undefined),
      () => client.pauses(),
      () => readQueues(engine, [queue]),
      () => engine.space([queue]),
      () => engine.claims(queue),
      () => turns.unfinished({ states: ['waiting'], from: undefined, most: 5 }),
      () => turns.pauses(),
      () => turns.stepNames('1'),
      () => letters.list({ queue }),
      async () => (await engine.queue(queue)).getJobCounts(),
      async () => (await engine.queue(queue)).getWorkers(),
    ];
    for (const look of looks) await look();
    expect(await tracesOf(kind, url, prefix, queue)).toEqual([]);
    expect(await engine.queueNames()).toEqual(['others']);
    await expect(client.pause({ queue })).rejects.toThrow('Did you mean "others"?');
  });

  test('a queue stays known when its last job is gone', async () => {
    const { url, namespace: prefix, cleanup } = await open();
    onTestFinished(cleanup);
    const engine = openEngine({ url, namespace: prefix, role: 'producer' });
    onTestFinished(() => engine.close());
    await engine.migrate();
    const client = clientOn(engine, new Facts());
    const { id } = await client.enqueue(theirs, { n: 1 });
    await (await engine.queue('others')).remove(id);
    await expect.poll(() => engine.queueNames()).toEqual(['others']);
    await client.pause({ queue: 'others' });
    expect(await client.pauses()).toMatchObject([{ of: { queue: 'others' } }]);
  });
});
