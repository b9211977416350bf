import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob } from '../../src/contracts/index.ts';
import { openTestDashboard, type TestDashboard } from '../../tests/support/dashboard.ts';
import { namespace, redisUrl } from '../../tests/support/engines.ts';

const app = defineApp({
  jobs: ['limited', 'free'].map(queue => defineJob({ queue, name: `${queue}-job`, schema: z.object({}) })),
  handlers: [],
  queues: { limited: { totalConcurrency: 2, rate: { max: 5, per: '1s' } } },
});
const fixture = { url: redisUrl(), namespace: namespace(), cleanup: async () => undefined };
let dashboard: TestDashboard;

beforeAll(async () => {
  dashboard = await openTestDashboard({ fixture, app, users: false });
});
afterAll(() => dashboard.close());

test.each([
  ['concurrency', { concurrency: 500 }],
  ['rate-limit', { max: 1_000, duration: 1_000 }],
])('%s is not changed where the app sets it, and is elsewhere', async (limit, body) => {
  const queue = await dashboard.queue('limited');
  await queue.setGlobalConcurrency(2);
  const rate = await queue.getGlobalRateLimit();
  const refused = await dashboard.call('PUT', `/queues/limited/${limit}`, undefined, body);
  expect(refused.status).toBe(403);
  expect(await refused.text()).toContain('app definition');
  expect(await queue.getGlobalConcurrency()).toBe(2);
  expect(await queue.getGlobalRateLimit()).toEqual(rate);
  expect((await dashboard.call('PUT', `/queues/free/${limit}`, undefined, body)).status).toBe(200);
});
