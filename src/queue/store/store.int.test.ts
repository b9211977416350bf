import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Client as Database } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { IdempotencyConflictError } from '../keys/idempotency-conflict-error.ts';
import { QueueUnavailableError } from './queue-unavailable-error.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../index.ts';

const mail = defineJob({
  queue: 'email',
  name: 'mail',
  schema: z.object({ to: z.string(), token: z.string() }),
  sensitive: ['to', 'token'],
});
const keyed = defineJob({
  queue: 'email',
  name: 'keyed',
  schema: z.object({ key: z.number(), text: z.string() }),
  key: ({ key }) => [key],
});
const elsewhere = defineJob({ queue: 'notification', name: 'elsewhere', schema: z.object({ key: z.number() }) });

describe.each(engineCases)('storing jobs on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const fixture = await engineCase.open();
    cleanups.push(() => fixture.cleanup());
    const { url, namespace } = fixture;
    const engine = openEngine({ url, role: 'producer', namespace });
    await engine.migrate();
    cleanups.push(() => engine.close());
    const facts = new Facts();
    const client = connect({ [engineCase.kind]: url, namespace, facts });
    cleanups.push(() => client.close());
    /** From now on the engine refuses what is added to the queue `email`. */
    const refuse = async (): Promise<void> => {
      if (engineCase.kind === 'redis') {
        const redis = new Redis(url);
        await redis.set(`${namespace}:email:events`, 'not a stream');
        await redis.quit();
      } else {
        const database = new Database({ connectionString: url });
        await database.connect();
        await database.query(
          `alter table "bullmq_${namespace}".job add constraint refused check (queue <> 'email') not valid`,
        );
        await database.end();
      }
    };
    return { client, facts, engine, refuse };
  }

  test('what the engine refuses does not hang on the error that the producer gets', async () => {
    const { client, refuse } = await setup();
    await refuse();
    const data = { to: 'alice@example.com', token: 'hunter2' };
    for (const call of [() => client.enqueue(mail, data), () => client.enqueueMany([mail(data), mail(data)])]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(QueueUnavailableError);
      const printed = inspect(error, { depth: 9, showHidden: true });
      expect(printed).not.toMatch(/hunter2|alice/);
      // What the engine said is still there for whoever looks for it.
      expect(printed).toMatch(/\[cause\]: .*(ERR|WRONGTYPE|code 23514)/);
    }
  });

  test('a key with other data among many keeps none of the others from being queued, in other bulks and queues too', async () => {
    const { client, facts, engine } = await setup();
    const first = await client.enqueue(keyed, { key: 0, text: 'first' });
    const enqueued: string[] = [];
    facts.on('job.enqueued', ({ fields }) => void enqueued.push(fields.jobId));
    const requests = [
      ...Array.from({ length: 1_500 }, (_, key) => keyed({ key, text: 'other' })),
      elsewhere({ key: 0 }),
    ];
    const error: unknown = await client.enqueueMany(requests).catch((thrown: unknown) => thrown);
    if (!(error instanceof IdempotencyConflictError)) throw error;
    expect(error.message).toContain('1500 of the 1501 jobs are queued');
    expect(error.conflicts).toEqual([{ index: 0, contract: 'keyed', jobId: first.id }]);
    expect(error.receipts.map(receipt => receipt?.queue)).toEqual([
      undefined,
      ...requests.slice(1).map(({ contract }) => contract.queue),
    ]);
    expect(enqueued).toEqual(error.receipts.slice(1).map(receipt => receipt?.id));
    const counts = async (name: string) => (await engine.queue(name)).getJobCountByTypes('prioritized', 'waiting');
    expect([await counts('email'), await counts('notification')]).toEqual([1_500, 1]);
  });

  test('one key with other data alone says that nothing was queued', async () => {
    const { client } = await setup();
    await client.enqueue(keyed, { key: 0, text: 'first' });
    for (const call of [
      () => client.enqueue(keyed, { key: 0, text: 'other' }),
      () => client.enqueueMany([keyed({ key: 0, text: 'other' })]),
    ]) {
      await expect(call()).rejects.toThrow(/Nothing was queued/);
    }
  });

  test('an engine that refuses on the way: the error carries the receipts of what was queued before, and it was stated', async () => {
    const { client, facts, refuse } = await setup();
    await refuse();
    const enqueued: string[] = [];
    facts.on('job.enqueued', ({ fields }) => void enqueued.push(fields.jobId));
    const error: unknown = await client
      .enqueueMany([
        keyed({ key: 1, text: '' }),
        elsewhere({ key: 1 }),
        elsewhere({ key: 2 }),
        keyed({ key: 2, text: '' }),
      ])
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof QueueUnavailableError)) throw error;
    // The queue that is refused is the first: nothing after it is tried.
    expect([error.queue, enqueued, error.receipts]).toEqual(['email', [], Array.from({ length: 4 }, () => undefined)]);
    const later: unknown = await client
      .enqueueMany([elsewhere({ key: 1 }), keyed({ key: 1, text: '' }), elsewhere({ key: 2 })])
      .catch((thrown: unknown) => thrown);
    if (!(later instanceof QueueUnavailableError)) throw later;
    expect(later.message).toContain('Of 3 jobs 2 were acknowledged before');
    expect(later.receipts.map(receipt => receipt?.queue)).toEqual(['notification', undefined, 'notification']);
    expect(enqueued).toEqual([later.receipts[0]?.id, later.receipts[2]?.id]);
  });
});
