import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Client as Database } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { defineJob } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { QueueUnavailableError } from '../errors/index.ts';
import { Facts } from '../facts/index.ts';
import { connect } from './index.ts';

const mail = defineJob({
  queue: 'email',
  name: 'mail',
  schema: z.object({ to: z.string(), token: z.string() }),
  sensitive: ['to', 'token'],
});

describe.each(engineCases)('storing jobs on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const place = await engineCase.open();
    cleanups.push(() => place.cleanup());
    const { url, namespace } = place;
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
    return { client, facts, refuse };
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
      expect(printed).toMatch(/\[cause\]: .*(ERR|WRONGTYPE|violates check constraint)/);
    }
  });
});
