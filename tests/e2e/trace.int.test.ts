import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import { Pool } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { createShop } from '../../examples/shop/create-shop.ts';
import { currentTraceparent } from '../../examples/shop/request-context.ts';
import { migrateShop } from '../../examples/shop/store/migrate.ts';
import { createFeed } from '../../examples/shop/store/notification-feed.ts';
import app from '../../shiftwork.config.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { Outbox } from '../../src/outbox/index.ts';
import { connect } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { openTelemetryTracer } from '../../src/telemetry/tracing/index.ts';
import { createMailer } from '../../workers/email/index.ts';
import { freshDatabase, namespace, redisUrl } from '../support/engines.ts';
import { startMailbox } from '../support/mailbox.ts';
import { waitFor } from '../support/wait-for.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A shop, a worker of its mails and a mail server, traced by a real SDK whose spans stay in memory. */
async function open() {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  cleanups.push(() => provider.shutdown());
  const tracer = openTelemetryTracer(provider.getTracer('test'));

  const mailbox = await startMailbox();
  cleanups.push(() => mailbox.stop());
  const mailer = createMailer(new URL(mailbox.smtpUrl), {
    name: 'Shop',
    address: 'shop@shop.example',
    domain: 'shop.example',
  });
  cleanups.push(() => mailer.close());

  const space = namespace();
  const facts = new Facts();
  const host = createWorkerHost({
    app,
    engine: openEngine({ url: redisUrl(), namespace: space, role: 'worker' }),
    facts,
    queues: ['email'],
    needs: new Map([
      ['welcome-email', { mailer, appAddress: { link: (path: string) => `https://shop.example${path}` } }],
    ]),
    tracer,
  });
  await host.start();
  cleanups.push(() => host.stop(2_000));

  const database = await freshDatabase();
  cleanups.push(() => database.drop());
  const pool = new Pool({ connectionString: database.url, max: 4 });
  pool.on('error', () => undefined);
  cleanups.push(() => pool.end());
  await migrateShop(pool);
  const feed = createFeed(pool, database.url);
  cleanups.push(() => feed.close());
  const client = connect({ redis: redisUrl(), namespace: space, facts, tracer, traceparent: currentTraceparent });
  cleanups.push(() => client.close());
  const shop = createShop({
    client,
    pool,
    feed,
    tracer,
    outbox: new Outbox({ traceparent: currentTraceparent }),
    links: { mailbox: '', dashboard: '' },
    onError: error => expect(error).toBeUndefined(),
  });
  const server = shop.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exporter, facts, mailbox };
}

test("one trace leads from the browser's request to the mail: the shop, the queue, the run, the SMTP call", async () => {
  const { url, exporter, facts, mailbox } = await open();
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const succeeded = facts.next('job.succeeded', ({ jobName }) => jobName === 'welcome-email');
  const answer = await fetch(`${url}/signup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ email: 'zuzana@example.com', name: 'Zuzana' }),
  });
  expect(answer.status).toBe(202);
  expect(await succeeded).toMatchObject({ traceId });
  // A mail that was accepted is shown a little later.
  const mails = await waitFor('the mail', async () => {
    const all = await mailbox.mails();
    return all.length > 0 && all;
  });
  expect(mails.map(({ to }) => to[0]?.address)).toEqual(['zuzana@example.com']);

  const named = (name: string): ReadableSpan | undefined =>
    exporter.getFinishedSpans().find(span => span.name === name);
  await waitFor('request, run and call to end', () =>
    ['POST', 'job.run welcome-email', 'smtp.send'].every(name => named(name) !== undefined),
  );
  const request = named('POST');
  const run = named('job.run welcome-email');
  const send = named('smtp.send');
  const enqueue = exporter
    .getFinishedSpans()
    .find(
      ({ name, attributes }) =>
        name.startsWith('job.enqueue') && String(attributes['shiftwork.job.names']).includes('welcome-email'),
    );
  const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;
  expect(request?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  expect(enqueue?.parentSpanContext?.spanId).toBe(idOf(request));
  expect(run?.parentSpanContext?.spanId).toBe(idOf(enqueue));
  expect(send?.parentSpanContext?.spanId).toBe(idOf(run));
  // Server, producer, consumer, client: OpenTelemetry's numbers.
  expect([request?.kind, enqueue?.kind, run?.kind, send?.kind]).toEqual([1, 3, 4, 2]);
  expect(run?.attributes).toMatchObject({ 'messaging.destination.name': 'email', 'shiftwork.job.attempt': 1 });
  for (const span of exporter.getFinishedSpans()) {
    expect(span.spanContext().traceId).toBe(traceId);
    expect(JSON.stringify([span.name, span.attributes, span.events, span.status])).not.toMatch(/zuzana/i);
  }
});
