import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { quietQueue, quietWork } from '../../../tests/support/quiet-work.ts';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { emptyCounts, MINUTE, openJournal, SettledCounts } from '../../journal/index.ts';
import { readFlows } from './read-flows.ts';

const schema = z.object({});
const app = defineApp({
  jobs: [
    defineJob({ queue: 'mail', name: 'letter', schema }),
    defineJob({ queue: 'mail', name: 'code', schema }),
    defineJob({ queue: 'idle', name: 'nothing', schema }),
  ],
  handlers: [],
});
const NOW = Date.UTC(2026, 0, 1, 12);

async function setup() {
  const engine = openEngine({ url: `memory://${randomUUID().slice(0, 8)}`, role: 'producer' });
  const journal = await openJournal(engine);
  const counts = new SettledCounts(
    async () => journal,
    () => NOW,
  );
  const ended = (minutesAgo: number, name: string, of: object, unfinished?: number) =>
    journal.append({
      now: NOW - minutesAgo * MINUTE,
      writer: 'w',
      frames: [],
      counts: [{ ...emptyCounts(name, 'mail'), ...of }],
      marks: [],
      depths:
        unfinished === undefined
          ? []
          : [{ at: NOW - minutesAgo * MINUTE, queue: 'mail', unfinished, waiting: 0, held: 0, oldestDueMs: undefined }],
    });
  const flows = (waiting: number) =>
    readFlows(
      { app, counts, journal: async () => journal },
      quietWork({
        queues: [quietQueue({ name: 'mail', waiting, running: 1 }), quietQueue({ name: 'idle' })],
        now: NOW,
      }),
    );
  return { engine, ended, flows };
}

test('rates are of three minutes, shares and durations of a quarter of an hour, bars of an hour, each for itself and of all', async () => {
  const { engine, ended, flows } = await setup();
  await ended(50, 'letter', { succeeded: 1_000 });
  await ended(10, 'letter', { dead: 100, ran: { 5: 100 }, waited: { 20: 100 } });
  await ended(3, 'letter', { succeeded: 180, ran: { 30: 300 } }, 11);
  await ended(1, 'code', { succeeded: 120, retried: 100 });
  const { all, queues } = await flows(190);
  const mail = queues.get('mail');
  expect(mail).toMatchObject({ outPerSecond: 300 / 180, failing: 0.4, drainSeconds: undefined });
  // What ended, and by how much more is there: 300 + 191 - 11.
  expect(mail?.inPerSecond).toBeCloseTo(480 / 180);
  expect(mail?.ranP95Ms).toBeGreaterThan(500);
  expect(mail?.lastHour.map(({ ended, failed }) => ended + failed).filter(count => count > 0)).toEqual([
    1_000, 200, 180, 220,
  ]);
  expect(mail?.contracts.get('letter')).toMatchObject({ outPerSecond: 1, failing: 100 / 280 });
  expect(mail?.contracts.get('code')).toMatchObject({ outPerSecond: 120 / 180, waitedP95Ms: undefined });
  expect(all).toMatchObject({
    outPerSecond: 300 / 180,
    failing: 0.4,
    inPerSecond: mail?.inPerSecond,
    drainSeconds: undefined,
  });
  await engine.close(0);
});

test('of a queue that nobody counted what comes is unknown, what failed has no share, and it has drained', async () => {
  const { engine, flows } = await setup();
  const { queues } = await flows(0);
  expect(queues.get('idle')).toMatchObject({
    inPerSecond: undefined,
    outPerSecond: 0,
    failing: undefined,
    drainSeconds: 0,
  });
  expect([...(queues.get('idle')?.contracts.keys() ?? [])]).toEqual(['nothing']);
  await engine.close(0);
});
