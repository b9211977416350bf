import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Pool } from 'pg';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineEvent, defineJob, handle, react } from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Bus, InProcessTransport, logFieldsOf, readCloudEvent, runReactions } from '../../src/events/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { migrateOutbox, Outbox } from '../../src/outbox/index.ts';
import { connect, readMeta } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { openTelemetryTracer } from '../../src/telemetry/tracing/index.ts';
import { engineCases, freshDatabase } from '../support/engines.ts';
import { waitFor } from '../support/wait-for.ts';
import { inTransaction } from '../support/in-transaction.ts';

const schema = z.object({ userId: z.string() });
const userRegistered = defineEvent('user.registered', { schema });
const userGreeted = defineEvent('user.greeted', { schema });
const userMet = defineEvent('user.met', { schema });
const greet = defineJob({ queue: 'causes', name: 'greet', schema });
const followUp = defineJob({ queue: 'later', name: 'follow-up', schema });

test.each(engineCases)(
  'what a job of a reaction enqueues or publishes, now or by the outbox, names it as its cause, in one trace ($kind)',
  async ({ kind, open }) => {
    const [place, database] = await Promise.all([open(), freshDatabase('migrated_stores')]);
    const { url, namespace } = place;
    const pool = new Pool({ connectionString: database.url });
    await migrateOutbox(pool);
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = openTelemetryTracer(provider.getTracer('test'));
    const facts = new Facts();
    const engine = openEngine({ url, namespace, role: 'producer' });
    await engine.migrate();
    const client = connect({ [kind]: url, namespace, facts, tracer });
    const bus = new Bus({ events: [userRegistered, userGreeted], transport: new InProcessTransport(), facts, tracer });
    const outbox = new Outbox({ tracer });
    const job = { id: '' };
    const app = defineApp({
      jobs: [greet, followUp],
      handlers: [
        handle(greet, async (data, run) => {
          job.id = run.jobId;
          await client.enqueue(followUp, data);
          await bus.publish(userGreeted(data));
          await inTransaction(pool, async tx => {
            await outbox.enqueue(tx, followUp, data);
            await outbox.publish(tx, userMet(data));
          });
        }),
      ],
      reactions: [react(userRegistered, 'greet', ({ payload }) => [greet(payload)])],
    });
    const host = createWorkerHost({
      // Nobody takes what follows: it stays where this test looks for it.
      app: { ...app, jobs: new Map([['greet', greet]]) },
      queues: ['causes'],
      engine: openEngine({ url, namespace, role: 'worker' }),
      facts,
      tracer,
    });
    const heard = Promise.withResolvers<ReturnType<typeof logFieldsOf> & { readonly metadata: unknown }>();
    await bus.subscribe(userGreeted, event => heard.resolve({ ...logFieldsOf(event), metadata: event.metadata }));
    await runReactions(bus, client, app);
    await host.start();
    const succeeded = facts.next('job.succeeded');
    await bus.publish(userRegistered({ userId: 'u' }, { id: 'e-1', correlationId: 'request-1', userId: 'who-asked' }));
    await succeeded;

    const inherited = { correlationId: 'request-1', causationId: job.id, userId: 'who-asked' };
    const event = await heard.promise;
    expect(event.metadata).toMatchObject(inherited);
    expect(event).toMatchObject({ eventType: 'user.greeted', correlationId: 'request-1', traceId: expect.any(String) });
    expect(JSON.stringify(event)).not.toContain('"payload"');
    const [queued] = await (await engine.queue('later')).getJobs(['waiting', 'prioritized', 'delayed']);
    expect(readMeta(queued?.opts.telemetry?.metadata)).toMatchObject(inherited);
    const { rows } = await pool.query<{ kind: string; body: string }>(
      'select kind, body from shiftwork_outbox.entry order by position',
    );
    const [job2, event2] = rows.map(({ body }) => body);
    const { options } = JSON.parse(job2 ?? '') as { options: { telemetry: { metadata: string } } };
    expect(readMeta(options.telemetry.metadata)).toMatchObject(inherited);
    expect(readCloudEvent(event2 ?? '')).toMatchObject({ kind: 'event', event: { metadata: inherited } });

    const parentOf = {
      'event.handle.user.registered': 'event.publish.user.registered',
      'job.enqueue greet': 'event.handle.user.registered',
      'job.run greet': 'job.enqueue greet',
      'job.enqueue follow-up': 'job.run greet',
      'event.publish.user.greeted': 'job.run greet',
      'event.publish.user.met': 'job.run greet',
      'event.handle.user.greeted': 'event.publish.user.greeted',
    };
    const spans = await waitFor('the spans to end', () => {
      const ended = exporter.getFinishedSpans();
      return Object.keys(parentOf).every(name => ended.some(span => span.name === name)) && ended;
    });
    const nameOf = (id: string | undefined): string | undefined =>
      spans.find(span => span.spanContext().spanId === id)?.name;
    const parents = Object.fromEntries(spans.map(span => [span.name, nameOf(span.parentSpanContext?.spanId)]));
    expect(parents).toMatchObject(parentOf);
    expect(new Set(spans.map(span => span.spanContext().traceId))).toEqual(new Set([event.traceId]));

    await host.stop(2_000);
    await bus.close();
    await client.close();
    await Promise.all([engine.close(), pool.end(), provider.shutdown()]);
    await Promise.all([place.cleanup(), database.drop()]);
  },
);
