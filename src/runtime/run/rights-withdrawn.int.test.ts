import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { startRedis } from '../../../tests/support/redis-server.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect } from '../../queue/index.ts';
import { createWorkerHost } from '../index.ts';

const charge = defineJob({ queue: 'payments', name: 'charge', schema: z.object({}), retry: { attempts: 3 } });

test.each([
  ['to write', ['-@write'], ['+@all']],
  ['to run scripts', ['-evalsha', '-eval'], ['+@all']],
  ['to the keys', ['resetkeys', '~none'], ['allkeys']],
])(
  'a run that meets withdrawn rights %s waits for them: its effect, its step and its end are of one run',
  async (_, take, give) => {
    const server = await startRedis();
    const engine = openEngine({ url: server.url, role: 'worker' });
    const client = connect({ redis: server.url });
    const admin = new Redis(server.url);
    await admin.acl('SETUSER', 'root', 'on', '>secret', '~*', '&*', '+@all');
    await admin.auth('root', 'secret');
    const done: string[] = [];
    const facts = new Facts();
    const app = defineApp({
      jobs: [charge],
      handlers: [
        handle(charge, async (_data, run) => {
          done.push('begun');
          await run.step('reserve', async () => {
            done.push('reserved');
            await admin.acl('SETUSER', 'default', ...take);
          });
          await run.once('charge', () => void done.push('charged'));
        }),
      ],
    });
    const host = createWorkerHost({ app, engine, facts });
    try {
      await host.start();
      const { id } = await client.enqueue(charge, {});
      const succeeded = facts.next('job.succeeded', fields => fields.jobId === id);
      await waitFor('the refusal', async () => String(await admin.acl('LOG')) !== '');
      await admin.acl('SETUSER', 'default', ...give);
      expect(await succeeded).toMatchObject({ attempt: 1 });
      expect(done).toEqual(['begun', 'reserved', 'charged']);
    } finally {
      await host.stop(1_000);
      await client.close();
      await engine.close(500);
      admin.disconnect();
      await server.stop();
    }
  },
);
