import { randomUUID } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { openState } from '../../state/index.ts';
import { SharedStanding } from './shared-standing.ts';
import { readStanding } from './standing.ts';

const job = (queue: string) => defineJob({ queue, name: `${queue}-job`, schema: z.object({}) });
const app = defineApp({ jobs: [job('email')], handlers: [] });

let engines: Engine[] = [];
afterEach(async () => {
  for (const engine of engines) await engine.close(0);
  engines = [];
});

function hosts(count: number, freshMs: number, slow?: Promise<void>) {
  const url = `memory://${randomUUID().slice(0, 8)}`;
  let reads = 0;
  const read: typeof readStanding = async (...given) => {
    reads += 1;
    if (reads > 1) await slow;
    return readStanding(...given);
  };
  const readers = Array.from({ length: count }, () => {
    const engine = openEngine({ url, namespace: 'standing', role: 'worker' });
    engines.push(engine);
    return new SharedStanding({ app, engine, freshMs, read });
  });
  return { readers, reads: () => reads, engine: engines[0] as Engine };
}

test('ten hosts that are scraped within the time that a reading is good for read once', async () => {
  const { readers, reads } = hosts(10, 30_000);
  const answers = [];
  for (const reader of readers) answers.push(await reader.read());
  expect(reads()).toBe(1);
  expect(new Set(answers.map(({ queues }) => queues[0]?.name))).toEqual(new Set(['email']));
});

test('what another release wrote, which lacks a queue, is read anew', async () => {
  const { readers, reads, engine } = hosts(1, 30_000);
  await readers[0]?.read();
  const larger = defineApp({ jobs: [job('email'), job('sms')], handlers: [] });
  const { queues } = await new SharedStanding({ app: larger, engine, freshMs: 30_000 }).read();
  expect(queues.map(({ name }) => name)).toEqual(['email', 'sms']);
  expect(reads()).toBe(1);
});

test('a reading that is too old is read again', async () => {
  const { readers, reads } = hosts(2, 0);
  for (const reader of readers) await reader.read();
  expect(reads()).toBe(2);
});

test('what takes long to read is read while those who ask get what was read last', async () => {
  const slow = Promise.withResolvers<void>();
  const { readers, reads, engine } = hosts(1, 0, slow.promise);
  await readers[0]?.read();
  const store = await openState(engine);
  const entry = await store.get('readings', 'standing');
  await store.set('readings', 'standing', { ...(entry?.value as object), tookMs: 1_000 }, 60_000 - 21_000);
  const { queues } = (await readers[0]?.read()) ?? { queues: [] };
  expect(queues.map(({ name }) => name)).toEqual(['email']);
  await vi.waitFor(() => expect(reads()).toBe(2));
  slow.resolve();
});
