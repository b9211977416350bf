import { getEventListeners } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { app as ownApp, compute } from '../../../tests/support/apps/own-workers.ts';
import { startProcess } from '../../../tests/support/child-process.ts';
import { engineCases, type EngineFixture } from '../../../tests/support/engines.ts';
import { defineApp, defineJob, defineResource, defineSchedule, handle, type App } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { connect, type Client } from '../../queue/index.ts';
import { orderWorkers, readFleet, supervisorOf } from '../../runtime/index.ts';
import { startWorkers, type StartWorkersOptions } from './index.ts';

const PROGRAM = fileURLToPath(new URL('../../../tests/support/apps/own-workers.ts', import.meta.url));

const note = defineJob({ queue: 'notes', name: 'note', schema: z.strictObject({ text: z.string() }) });
const hang = defineJob({ queue: 'notes', name: 'hang', schema: z.strictObject({}) });
const tick = defineJob({ queue: 'notes', name: 'tick', schema: z.strictObject({}) });

describe.each(engineCases)("workers in a process of one's own on $kind", ({ kind, open }) => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup(): Promise<{
    engine: Engine;
    client: Client;
    fixture: EngineFixture;
    at: Partial<StartWorkersOptions>;
  }> {
    const fixture = await open();
    cleanups.push(() => fixture.cleanup());
    const { url, namespace } = fixture;
    const engine = openEngine({ url, namespace, role: 'producer' });
    await engine.migrate();
    const client = connect({ [kind]: url, namespace });
    cleanups.push(
      () => engine.close(),
      () => client.close(),
    );
    return { engine, client, fixture, at: { [kind]: url, namespace, variables: { GREETING: 'hello' } } };
  }

  async function start(options: StartWorkersOptions) {
    const workers = await startWorkers(options);
    cleanups.push(() => workers.stop(2_000));
    return workers;
  }

  const greeter = (log: string[]) =>
    defineResource({
      name: 'greeter',
      configure: (environment, { neededBy }) => environment.required('GREETING', neededBy),
      open: greeting => (text: string) => void log.push(`${greeting} ${text}`),
      close: () => void log.push('closed'),
    });

  const noting = (log: string[]): App =>
    defineApp({
      jobs: [note],
      handlers: [handle(note, { greeter: greeter(log) }, ({ text }, _run, { greeter: greet }) => greet(text))],
    });

  test('opens what the handlers need, does the work, is seen as a host, and closes everything with one call', async () => {
    const { engine, client, at } = await setup();
    const log: string[] = [];
    const workers = await start({ ...at, app: noting(log) });
    expect(workers.queues).toEqual(['notes']);
    const done = workers.facts.next('job.succeeded');
    await client.enqueue(note, { text: 'ada' });
    expect((await done).worker).toBe(workers.name);
    const { hosts } = await readFleet(engine);
    expect(hosts).toMatchObject([{ name: supervisorOf(workers.name), queues: ['notes'], processes: 1 }]);
    await Promise.all([workers.stop(), workers.stop()]);
    expect(log).toEqual(['hello ada', 'closed']);
    expect((await readFleet(engine)).hosts).toEqual([]);
  });

  test('a stop hands back what does not end, at the head of its queue and without an attempt', async () => {
    const { client, at } = await setup();
    const never = Promise.withResolvers<void>();
    const workers = await start({
      ...at,
      app: defineApp({ jobs: [hang], handlers: [handle(hang, () => never.promise)] }),
    });
    const begun = workers.facts.next('job.started');
    const { id } = await client.enqueue(hang, {});
    await begun;
    await workers.stop(0);
    expect(await client.job(id)).toMatchObject({ state: 'waiting', attemptsMade: 0 });
    expect(workers.running).toBe(0);
    never.resolve();
  });

  // Redis and PostgreSQL keep orders by the same suite of the shared state.
  test.runIf(kind === 'postgres')(
    'obeys when somebody wants them quiet, and then stopped; what does not close then ends no process',
    async () => {
      const { engine, at } = await setup();
      const closed = Promise.withResolvers<void>();
      const stuck = defineResource({
        name: 'stuck',
        configure: () => ({}),
        open: () => ({}),
        close: () => {
          closed.resolve();
          throw new Error('the printer does not close');
        },
      });
      const app = defineApp({ jobs: [note], handlers: [handle(note, { stuck }, () => undefined)] });
      const workers = await startWorkers({ ...at, app });
      const host = supervisorOf(workers.name) ?? '';
      const quieted = workers.facts.next('worker.quieted');
      expect(await orderWorkers(engine, host, { what: 'quiet', by: 'ada' })).toBe('given');
      expect(await quieted).toMatchObject({ worker: workers.name, by: 'ada' });
      const stopped = workers.facts.next('worker.stopped');
      expect(await orderWorkers(engine, workers.name, { what: 'stop', by: 'ada' })).toBe('given');
      await stopped;
      // Whoever asks only then is told of it; that nobody had asked before would end this process.
      await closed.promise;
      await new Promise(setImmediate);
      await expect(workers.stop()).rejects.toThrow('the printer does not close');
    },
  );

  test('schedules are led here where nobody else does it', async () => {
    const { at } = await setup();
    const schedules = [defineSchedule({ name: 'tick', job: tick, data: () => ({}), every: '1s' })];
    const facts = new Facts();
    const done = facts.next('job.succeeded', ({ jobName }) => jobName === 'tick');
    await start({
      ...at,
      facts,
      app: defineApp({ jobs: [tick], handlers: [handle(tick, () => undefined)], schedules }),
    });
    expect(await done).toMatchObject({ queue: 'notes' });
  });

  test('every fault is said at once, before anything is opened', async () => {
    const { at } = await setup();
    const log: string[] = [];
    const { jobs, handlers } = noting(log);
    const app = defineApp({ jobs: [...jobs.values(), hang], handlers: [...handlers.values()] });
    const faults = startWorkers({ ...at, app, variables: {}, concurrency: 0 });
    await expect(faults).rejects.toMatchObject({ code: 'INVALID_CONFIG' });
    for (const fault of ['GREETING', 'WORKER_CONCURRENCY', 'handler for job "hang"'])
      await expect(faults).rejects.toThrow(fault);
    await expect(startWorkers({ app, variables: {} })).rejects.toThrow('REDIS_URL or DATABASE_URL');
    // @ts-expect-error concurency is no option
    await expect(startWorkers({ ...at, app, concurency: 3 })).rejects.toThrow('Did you mean "concurrency"?');
    // @ts-expect-error the app is missing
    await expect(startWorkers({ ...at })).rejects.toThrow(
      'Expected startWorkers() to get { app: defineApp({ ... }) }.',
    );
    for (const given of [[], [null], ['redis://localhost']])
      await expect(Reflect.apply(startWorkers, undefined, given)).rejects.toMatchObject({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining('Expected startWorkers() to get { app: defineApp({ ... }) }.'),
      });
    expect(log).toEqual([]);
  });

  test('a resource that cannot be opened ends the start, with its own error', async () => {
    const { at } = await setup();
    const broken = defineResource({
      name: 'broken',
      configure: () => undefined,
      open: () => Promise.reject(new Error('no disk')),
    });
    const app = defineApp({ jobs: [note], handlers: [handle(note, { broken }, () => undefined)] });
    const asked = new AbortController();
    await expect(startWorkers({ ...at, app, signal: asked.signal })).rejects.toThrow('no disk');
    const started = await startWorkers({
      ...at,
      app: defineApp({ jobs: [note], handlers: [handle(note, () => undefined)] }),
      signal: asked.signal,
    });
    expect(getEventListeners(asked.signal, 'abort')).toHaveLength(1);
    await started.stop();
    // It may outlive many workers.
    expect(getEventListeners(asked.signal, 'abort')).toHaveLength(0);
  });

  test('while the engine is away the start waits, and can be given up', async () => {
    const facts = new Facts();
    const lost = facts.next('engine.lost');
    const away = new AbortController();
    const url = kind === 'redis' ? 'redis://127.0.0.1:1' : 'postgres://nobody@127.0.0.1:1/nothing';
    const starting = startWorkers({ [kind]: url, app: ownApp, facts, signal: away.signal, variables: {} });
    await lost;
    away.abort();
    const workers = await starting;
    await workers.stop();
    expect(workers.running).toBe(0);
  });

  // One engine shows it: the thread knows of none.
  test.runIf(kind === 'redis')(
    'while a job lets nothing else happen a thread says so, and where the code stands',
    async () => {
      const { client, fixture } = await setup();
      const folder = await mkdtemp(join(tmpdir(), 'shiftwork-own-'));
      cleanups.push(() => rm(folder, { recursive: true, force: true }));
      const until = join(folder, 'enough');
      const program = startProcess(PROGRAM, {
        env: { REDIS_URL: fixture.url, SHIFTWORK_NAMESPACE: fixture.namespace },
      });
      await program.line(/^ready$/);
      const { id } = await client.enqueue(compute, { until });
      // It tries again and again: where it gets little of a processor it may not see the stack the first time.
      const line = await program.line(/"fact":"worker\.blocked".*computeUntil/);
      expect(JSON.parse(line)).toMatchObject({ level: 'warn', worker: expect.stringContaining('/1') });
      await writeFile(until, '');
      await program.line(/"name":"job\.succeeded"/);
      expect(JSON.parse(await program.line(/"name":"worker\.blocked"/))).toMatchObject({ jobs: [id] });
      program.kill('SIGTERM');
      expect(await program.ended).toBe(0);
    },
  );
});
