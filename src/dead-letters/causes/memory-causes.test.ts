import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../../queue/index.ts';
import { createWorkerHost } from '../../runtime/index.ts';
import { DeadLetters } from '../dead-letters.ts';

const work = defineJob({ queue: 'memory', name: 'work', schema: z.object({ n: z.number() }), retry: { attempts: 1 } });
let broken = true;
const app = defineApp({
  jobs: [work],
  handlers: [
    handle(work, ({ n }) => {
      if (broken) throw new TypeError(`number ${n} is odd`);
    }),
  ],
});

test('in memory causes are counted, replayed and discarded as on the other engines', async () => {
  const url = `memory://causes-${Math.random().toString(36).slice(2)}`;
  const engine = openEngine({ url, role: 'worker' });
  const facts = new Facts();
  const host = createWorkerHost({ app, engine, facts });
  await host.start();
  const letters = new DeadLetters({ engine, app, facts });
  const dead = facts.next('job.dead', ({ jobName }) => jobName === 'work');
  const client = clientOn(engine, facts);
  await client.enqueue(work, { n: 1 });
  await dead;
  const again = facts.next('job.dead');
  await client.enqueue(work, { n: 2 });
  await again;
  expect(await letters.groups()).toMatchObject([{ count: 2, name: 'work' }]);
  expect(await letters.count()).toBe(2);
  const [newest] = await letters.list({}, 1);
  expect(await letters.discard({ ids: [newest?.id ?? ''] }, { by: 'test', reason: 'r' })).toMatchObject({ matched: 1 });
  broken = false;
  const done = facts.next('job.succeeded');
  expect((await letters.replay({ name: 'work' }, { by: 'test' })).done).toHaveLength(1);
  await done;
  expect(await letters.groups()).toEqual([]);
  await host.stop(1_000);
});
