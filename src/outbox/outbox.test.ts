import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob, react } from '../contracts/index.ts';
import { readMeta } from '../queue/index.ts';
import type { Tracer } from '../tracing/index.ts';
import { Outbox } from './outbox.ts';

const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ userId: z.string() }) });
const registered = defineEvent('user.registered', { schema: z.object({ userId: z.string() }) });
const welcome = react(registered, 'welcome', ({ payload }) => [greet(payload)]);

const TRACE = 'ab'.repeat(16);
const REQUEST = `00-${TRACE}-${'1'.repeat(16)}-01`;
const PUBLICATION = `00-${TRACE}-${'2'.repeat(16)}-01`;

const tracer: Tracer = {
  span: (name, parent, _attributes, work) => {
    expect([name, parent]).toEqual(['event.publish.user.registered', REQUEST]);
    return work(PUBLICATION);
  },
};

/** What the outbox writes: its entries' bodies, by kind. */
async function written(act: (outbox: Outbox, tx: { query: () => Promise<unknown> }) => Promise<unknown>) {
  const bodies = new Map<string, { options?: { telemetry?: { metadata?: string } }; traceparent?: string }>();
  const query = async (...[, values]: [text?: string, values?: unknown[]]): Promise<unknown> => {
    const [, kinds, , , , texts] = values as [unknown, string[], unknown, unknown, unknown, string[]];
    for (const [index, kind] of kinds.entries()) bodies.set(kind, JSON.parse(texts[index] ?? ''));
    return undefined;
  };
  await act(new Outbox({ secret: 'a'.repeat(32), tracer, traceparent: () => REQUEST }), { query });
  return bodies;
}

test("a reaction's job stands below the publication, which stands below the request", async () => {
  const bodies = await written((outbox, tx) =>
    outbox.publish(tx, registered({ userId: 'u' }), { reactions: [welcome] }),
  );
  expect(bodies.get('event')?.traceparent).toBe(PUBLICATION);
  expect(readMeta(bodies.get('job')?.options?.telemetry?.metadata).traceparent).toBe(PUBLICATION);
});

test('a job of its own stands below the request', async () => {
  const bodies = await written((outbox, tx) => outbox.enqueue(tx, greet, { userId: 'u' }));
  expect(readMeta(bodies.get('job')?.options?.telemetry?.metadata).traceparent).toBe(REQUEST);
});
