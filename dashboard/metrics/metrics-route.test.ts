import express from 'express';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { inMemory } from '../../tests/support/memory-case.ts';
import { listen } from '../../tests/support/served-api.ts';
import { metricsRoute } from './metrics-route.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test.each([
  ['takes long', () => new Promise<never>(() => undefined)],
  ['does not answer', () => Promise.reject(new Error('away'))],
])('how the queues stand is told also while a journal %s', async (_, scaling) => {
  const { url, namespace } = await inMemory.open();
  const job = defineJob({ queue: 'mails', name: 'mail', schema: z.strictObject({}) });
  const app = defineApp({ jobs: [job], handlers: [] });
  const engine = openEngine({ url, namespace, role: 'producer' });
  cleanups.push(() => engine.close());
  const route = metricsRoute({ app, facts: new Facts(), engine, token: undefined, scaling });
  cleanups.push(() => route.stop());
  const server = await listen(express().use(route.forPeople));
  cleanups.push(() => server.close());
  const read = async () => (await fetch(`${server.origin}/metrics`)).text();
  // The first question to an engine may take its time.
  await expect.poll(read).toContain('shiftwork_queues_readable 1');
  expect(await read()).toContain('shiftwork_queue_depth{queue="mails",state="waiting"} 0');
});
