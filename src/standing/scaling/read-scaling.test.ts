import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { emptyCounts, MINUTE, openJournal } from '../../journal/index.ts';
import { openState } from '../../state/index.ts';
import { readScaling } from './read-scaling.ts';

const job = (name: string, startWithin: string) =>
  defineJob({ queue: 'mail', name, schema: z.object({}), startWithin: startWithin as '1m' });
const app = defineApp({
  jobs: [job('letter', '10m'), job('code', '30s')],
  handlers: [],
  queues: { mail: { concurrency: 5 } },
});

test('a queue is reckoned from what the journal counted, what waits now, the hosts that serve it and the shortest promise of its contracts', async () => {
  const engine = openEngine({ url: `memory://${randomUUID().slice(0, 8)}`, namespace: 's', role: 'producer' });
  const now = engine.clock.now();
  const minute = Math.floor(now / MINUTE) * MINUTE;
  const journal = await openJournal(engine);
  await journal.append({
    now: minute - MINUTE,
    writer: 'w',
    frames: [],
    counts: [{ ...emptyCounts('letter', 'mail'), succeeded: 1_500, retried: 300, ranMs: 1_800_000 }],
    marks: [],
    depths: [],
  });
  const about = { host: 'h', pid: 1, startedAt: now, processes: 3, queues: ['mail'] };
  await (await openState(engine)).set('presence', 'h', about, 60_000);
  const queue = await engine.queue('mail');
  await queue.addBulk(Array.from({ length: 90 }, () => ({ name: 'letter', data: {} })));
  const { processes, queues } = await readScaling(app, engine, journal);
  expect(queues['mail']).toMatchObject({
    startWithinMs: 30_000,
    serviceSeconds: 1,
    startable: 90,
    held: 0,
    processes: { now: 3 },
    boundBy: 'none',
  });
  expect(queues['mail']?.arrivalPerSecond).toBeGreaterThan(7);
  expect(processes).toBe(queues['mail']?.processes.needed);
  await engine.close(0);
});
