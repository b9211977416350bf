import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runCli } from '../../src/cli/index.ts';
import {
  cancel,
  dead,
  defineApp,
  defineJob,
  handle,
  retryAfter,
  snooze,
  type HandlerResult,
  type Run,
} from '../../src/contracts/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { apiTokensOf, createHttpApi } from '../../src/http/index.ts';
import { clientOn, isOver } from '../../src/queue/index.ts';
import { fixed } from '../../src/resilience/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { createLogger, logFacts } from '../../src/telemetry/index.ts';
import { collectMetrics } from '../../src/telemetry/metrics/index.ts';
import { openTelemetryTracer } from '../../src/telemetry/tracing/open-telemetry-tracer.ts';
import { openTestDashboard } from '../support/dashboard.ts';
import { dumpOf } from '../support/engine-dump.ts';
import { engineCases } from '../support/engines.ts';
import { listen } from '../support/served-api.ts';
import { waitFor } from '../support/wait-for.ts';

/** Needs escaping in JSON, in HTML and in an address. */
const PLANTED = 'planted-5c1e "&" value';
const FOUND = /planted-5c1e/i;

/** Each way in which a run may end badly with a secret in its hand. */
const ENDS: Readonly<
  Record<string, (token: string, run: Pick<Run, 'step'>) => HandlerResult | Promise<HandlerResult>>
> = {
  message: token => Promise.reject(new Error(`refused ${token}`)),
  code: token => Promise.reject(Object.assign(new Error('no'), { code: token, config: { headers: { token } } })),
  name: token => Promise.reject(Object.assign(new Error('no'), { name: `Refused ${token}` })),
  cause: token => Promise.reject(new Error('no', { cause: new Error(`inner ${token}`, { cause: { token } }) })),
  several: token => Promise.reject(new AggregateError([new Error(token), token], `all of ${token}`)),
  text: token => Promise.reject(token),
  object: token => Promise.reject({ token, [token]: 1 }),
  retried: token => retryAfter('1h', `later ${token}`),
  snoozed: token => snooze('1h', `snoozed ${token}`),
  dead: token => dead(`dead ${token}`),
  cancelled: token => cancel(`cancelled ${token}`),
  step: (token, run) => run.step('made', () => Promise.reject(new Error(`in a step ${token}`))),
  encoded: token =>
    Promise.reject(new Error([encodeURIComponent(token), JSON.stringify(token), token.toUpperCase()].join())),
};

describe.each(engineCases)('case 24: a value that nobody may see, on $kind', ({ kind, open }) => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  test.each(['encrypt', 'sensitive'] as const)(
    'in a field of %s comes out in no error, whatever a handler makes of it and whatever is refused: not in logs, traces, metrics, pages, the command, the HTTP door',
    async how => {
      const { url, namespace, cleanup } = await open();
      closing.push(cleanup);
      const facts = new Facts();
      const log: string[] = [];
      const variables = { LOG_LEVEL: 'debug' };
      const logger = createLogger({ name: 'x', variables, stream: { write: text => void log.push(text) } });
      closing.push(logFacts(facts, logger, { success: true }));
      const exporter = new InMemorySpanExporter();
      const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
      closing.push(() => provider.shutdown());
      const ill = defineJob({
        queue: 'email',
        name: 'ill',
        schema: z.object({
          end: z.string(),
          // As a schema may be whose message repeats what it was given.
          token: z
            .string()
            .refine(text => !text.endsWith('wrong'), { error: ({ input }) => `${String(input)} is none` }),
        }),
        [how]: ['token'],
        retry: { attempts: 1, backoff: fixed(1) },
      });
      const app = defineApp({
        jobs: [ill],
        handlers: [
          handle(ill, ({ end, token }, run) => {
            run.progress({ [token]: token, deep: [{ token }] });
            run.log(`with ${token}\n${JSON.stringify({ token })} ${encodeURIComponent(token)} ${token.toUpperCase()}`);
            return ENDS[end]?.(token, run);
          }),
        ],
      });
      const metrics = collectMetrics(facts, app);
      closing.push(() => metrics.stop());
      const secrets = { payloadKeys: `k:${randomBytes(32).toString('base64')}` };
      const engineOf = (role: 'producer' | 'worker') => openEngine({ url, namespace, role, secrets });
      const tracer = openTelemetryTracer(provider.getTracer('test'));
      const engine = engineOf('producer');
      const client = clientOn(engine, facts, undefined, tracer, app);
      closing.push(() => client.close());
      const host = createWorkerHost({ app, engine: engineOf('worker'), facts, tracer });
      closing.push(() => host.stop(2_000));
      await host.start();

      const ends = Object.keys(ENDS);
      const receipts = await client.enqueueMany(ends.map(end => ill({ end, token: PLANTED })));
      const ids = receipts.map(({ id }) => id);
      const refusals = await Promise.all([
        client.enqueue(ill, { end: 'none', token: `${PLANTED} wrong` }).catch((error: unknown) => inspect(error)),
        client.update(ids[7] ?? '', { contract: ill, data: { end: 'x', token: `${PLANTED} wrong` } }).catch(inspect),
        client.replay(ids[0] ?? '', { contract: ill, data: { end: 'x', token: `${PLANTED} wrong` } }).catch(inspect),
      ]);
      await waitFor('all to end', async () => {
        const views = await Promise.all(ids.map(id => client.job(id)));
        return views.every(
          view => view !== undefined && (isOver(view.state) || view.attemptsMade > 0 || view.state === 'delayed'),
        );
      });
      await host.stop(2_000);

      const door = createHttpApi({ client, app, onError: error => refusals.push(inspect(error)) });
      const server = await listen(door.handler);
      closing.push(
        () => server.close(),
        () => door.close(),
      );
      const { text: token } = await apiTokensOf(engine).create({
        name: 't',
        by: 't',
        scopes: ['read/ill', 'enqueue/ill'],
      });
      const ask = async (path: string, body?: unknown): Promise<string> => {
        const given = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
        const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
        return (await fetch(`${server.origin}/api/v1/jobs/${path}`, { headers: given, ...sent })).text();
      };
      const answers = [
        await ask('ill', { data: { end: 'none', token: `${PLANTED} wrong` } }),
        ...(await Promise.all(ids.flatMap(id => [ask(id), ask(`${id}/result`)]))),
      ];
      const dashboard = await openTestDashboard({ fixture: { url, namespace, cleanup }, app });
      closing.push(() => dashboard.close());
      const headers = { cookie: await dashboard.cookieOf('admin'), accept: 'text/html' };
      const pages: string[] = [];
      for (const path of ['/', '/dead-letters', '/jobs', '/queues/api/queues', ...ids.map(id => `/jobs/${id}`)])
        pages.push(await (await dashboard.send(path, { headers })).text());
      const printed: string[] = [];
      const terminal = {
        variables: { [kind === 'redis' ? 'REDIS_URL' : 'DATABASE_URL']: url, SHIFTWORK_NAMESPACE: namespace },
        print: (line: string) => void printed.push(line),
        complain: (line: string) => void printed.push(line),
        readInput: async () => '',
        readSecret: async () => '',
      };
      for (const id of ids) await runCli(['job', id, '--json'], terminal);
      const places = {
        answers: answers.join('\n'),
        refusals: refusals.map(String).join('\n'),
        log: log.join(''),
        spans: inspect(
          exporter.getFinishedSpans().map(({ name, attributes, events, status }) => [name, attributes, events, status]),
          { depth: 6 },
        ),
        metrics: await metrics.text(),
        pages: pages.join(''),
        printed: printed.join(''),
        // What is only sensitive stands in the job's data, where the handler finds it.
        dump: how === 'encrypt' ? await dumpOf({ url, namespace, cleanup }, kind) : '',
      };
      const leaks = Object.entries(places).flatMap(([where, text]) =>
        FOUND.test(text)
          ? [...text.matchAll(/.{0,200}planted-5c1e.{0,40}/gi)].map(([found]) => `${where}: ${found}`)
          : [],
      );
      expect(leaks).toEqual([]);
      // All of them were looked at.
      for (const id of ids) for (const text of [places.log, places.answers, places.printed]) expect(text).toContain(id);
    },
  );
});
