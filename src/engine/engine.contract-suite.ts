import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobsOptions } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { EngineUnreachableError } from '../errors/index.ts';
import { openEngine, type Engine, type EngineJob, type EngineOptions, type EngineWorker } from './index.ts';

/** A place on a server that many tests share. */
export interface SharedPlace {
  readonly url: string;
  readonly namespace: string;
  cleanup(): Promise<unknown>;
}

/** A server that a test may take away. */
export interface OwnServer {
  readonly url: string;
  kill(): Promise<unknown>;
  restart(): Promise<unknown>;
  /** Freezes it (SIGSTOP): connections stay, nothing answers. */
  pause(): unknown;
  resume(): unknown;
  /** Ends it for good, whatever its state. */
  dispose(): Promise<unknown>;
}

export interface EngineContractCase {
  readonly kind: Engine['kind'];
  openPlace(): Promise<SharedPlace>;
  startServer(): Promise<OwnServer>;
}

interface RunningWorker {
  readonly worker: EngineWorker;
  readonly jobs: EngineJob[];
}

/** Long enough for a busy machine; no test measures how long it took. */
const PATIENT = { timeout: 15_000, interval: 20 } as const;

/** What every engine promises. */
export function engineContract({ kind, openPlace, startServer }: EngineContractCase): void {
  const engines: Engine[] = [];
  const places: SharedPlace[] = [];

  function open(options: EngineOptions): Engine {
    const engine = openEngine(options);
    engines.push(engine);
    return engine;
  }

  async function closeAll(): Promise<void> {
    await Promise.all(engines.splice(0).map(engine => engine.close(1_000)));
    await Promise.all(places.splice(0).map(place => place.cleanup()));
  }

  /** A migrated namespace of its own, with a producer and a worker engine. */
  async function setup() {
    const place = await openPlace();
    places.push(place);
    const { url, namespace } = place;
    const producer = open({ url, namespace, role: 'producer' });
    await producer.migrate();
    const workers = open({ url, namespace, role: 'worker' });
    return { url, namespace, producer, workers, queue: await producer.queue('email') };
  }

  async function startWorker(
    engine: Engine,
    perform: (job: EngineJob) => Promise<unknown> = async () => undefined,
    concurrency = 1,
  ): Promise<RunningWorker> {
    const jobs: EngineJob[] = [];
    const worker = await engine.worker(
      'email',
      async job => {
        jobs.push(job);
        return perform(job);
      },
      { name: 'tester', concurrency },
    );
    void worker.run();
    return { worker, jobs };
  }

  const namesOf = ({ jobs }: RunningWorker) => jobs.map(job => job.name);
  const seen = (running: RunningWorker, names: readonly string[]) =>
    vi.waitFor(() => expect(namesOf(running)).toEqual(names), PATIENT);

  describe(`queues on ${kind}`, () => {
    afterEach(closeAll);

    test('a job is processed with its id, name, data and options, and completes', async () => {
      const { workers, queue } = await setup();
      const added = await queue.add('greet', { to: 'Ann', n: 1 }, { jobId: 'email-1', attempts: 4, priority: 20 });
      const running = await startWorker(workers, async () => ({ sent: true }));
      await seen(running, ['greet']);
      expect(running.jobs[0]).toMatchObject({ id: 'email-1', data: { to: 'Ann', n: 1 }, priority: 20 });
      expect(running.jobs[0]?.opts).toMatchObject({ attempts: 4 });
      await vi.waitFor(async () => expect(await queue.getJobState('email-1')).toBe('completed'), PATIENT);
      expect((await queue.getJob(added.id ?? ''))?.returnvalue).toEqual({ sent: true });
    });

    test('jobs run by priority, and in the order of their arrival within one', async () => {
      const { workers, queue } = await setup();
      for (const [name, priority] of [
        ['low-1', 30],
        ['normal-1', 20],
        ['low-2', 30],
        ['high-1', 10],
        ['normal-2', 20],
        ['high-2', 10],
      ] as const) {
        await queue.add(name, {}, { priority });
      }
      const running = await startWorker(workers);
      const inOrder = ['high-1', 'high-2', 'normal-1', 'normal-2', 'low-1', 'low-2'];
      await vi.waitFor(() => expect(namesOf(running)).toEqual(inOrder), PATIENT);
    });

    test('a delayed job does not run before its time', async () => {
      const { workers, queue } = await setup();
      await queue.add('later', {}, { delay: 300 });
      const running = await startWorker(workers);
      await queue.add('now', {});
      await seen(running, ['now', 'later']);
      const later = running.jobs[1];
      expect((later?.processedOn ?? 0) - (later?.timestamp ?? 0)).toBeGreaterThanOrEqual(300);
    });

    test('a deduplicated add answers with the id of the first job, one by one and in bulk, also after that has ended', async () => {
      const { workers, queue } = await setup();
      const once = (jobId: string): JobsOptions => ({ jobId, deduplication: { id: 'key-1', ttl: 3_600_000 } });
      expect((await queue.add('pay', {}, once('first'))).id).toBe('first');
      expect((await queue.add('pay', {}, once('second'))).id).toBe('first');
      const running = await startWorker(workers);
      await seen(running, ['pay']);
      await vi.waitFor(async () => expect(await queue.getJobState('first')).toBe('completed'), PATIENT);
      const bulk = await queue.addBulk([
        { name: 'pay', data: {}, opts: once('third') },
        { name: 'other', data: {}, opts: { jobId: 'other' } },
        { name: 'pay', data: {}, opts: once('fourth') },
      ]);
      expect(bulk.map(job => job.id)).toEqual(['first', 'other', 'first']);
      await seen(running, ['pay', 'other']);
    });

    test('a failed job is kept with its reason', async () => {
      const { workers, queue } = await setup();
      await queue.add('fail', {}, { jobId: 'fails' });
      await startWorker(workers, () => Promise.reject(new Error('no such mailbox')));
      await vi.waitFor(async () => expect(await queue.getJobState('fails')).toBe('failed'), PATIENT);
      expect((await queue.getJob('fails'))?.failedReason).toBe('no such mailbox');
    });

    test('a worker takes nothing before it is told to run, and outlives more than one stall', async () => {
      const { workers, queue } = await setup();
      const worker = await workers.worker('email', async () => undefined, { name: 'idle' });
      await queue.add('wait', {}, { jobId: 'waits' });
      expect(worker.isRunning()).toBe(false);
      expect(worker.opts).toMatchObject({ autorun: false, maxStalledCount: 100, lockDuration: 30_000 });
      expect(await queue.getJobState('waits')).toBe('waiting');
    });

    test('two namespaces do not see each other, even where their names are alike', async () => {
      const one = await setup();
      const namespace = `${one.namespace}-b`;
      const twin = open({ url: one.url, namespace: namespace.replaceAll('-', '_'), role: 'producer' });
      const other = open({ url: one.url, namespace, role: 'worker' });
      await Promise.all([twin.migrate(), other.migrate()]);
      const running = await startWorker(other);
      await one.queue.add('mine', {}, { jobId: 'same-id' });
      await (await twin.queue('email')).add('twin', {}, { jobId: 'same-id' });
      await (await other.queue('email')).add('theirs', {}, { jobId: 'same-id' });
      await seen(running, ['theirs']);
      expect(await one.queue.getJobState('same-id')).toBe('waiting');
      expect(await one.queue.getJobCountByTypes('waiting')).toBe(1);
    });

    test('a worker wakes for a job that another process adds', async () => {
      const { workers, queue } = await setup();
      const running = await startWorker(workers);
      await vi.waitFor(async () => expect(await queue.getWorkersCount()).toBe(1), PATIENT);
      await queue.add('wake', {});
      await seen(running, ['wake']);
    });

    test('the same queue object is given out each time', async () => {
      const { producer, queue } = await setup();
      expect(await producer.queue('email')).toBe(queue);
      expect(await producer.queue('analytics')).not.toBe(queue);
    });

    test('migrating again, and twice at once, changes nothing and fails nothing', async () => {
      const { url, namespace, producer, queue } = await setup();
      await queue.add('kept', {}, { jobId: 'kept' });
      const second = open({ url, namespace, role: 'worker' });
      await Promise.all([producer.migrate(), second.migrate(), producer.migrate()]);
      expect(await queue.getJobState('kept')).toBe('waiting');
    });

    test('the check finds nothing wrong with a server that is right', async () => {
      const { producer, workers } = await setup();
      for (const engine of [producer, workers]) {
        const report = await engine.check();
        expect(report.errors).toEqual([]);
        expect(report.version).toMatch(/^\d+\.\d+/);
        expect(Math.abs(report.clockDifferenceMs)).toBeLessThan(1_000);
      }
    });

    test('closes share one promise; what is asked afterwards is refused', async () => {
      const { producer, workers } = await setup();
      await startWorker(workers);
      for (const engine of [producer, workers]) {
        const closing = engine.close();
        expect(engine.close(1)).toBe(closing);
        await closing;
        await expect(engine.queue('email')).rejects.toThrow(EngineUnreachableError);
      }
      await expect(workers.worker('email', async () => undefined, { name: 'late' })).rejects.toThrow(
        EngineUnreachableError,
      );
    });

    test('a close lets a running job end and be recorded', async () => {
      const { workers, queue } = await setup();
      await queue.add('slow', {}, { jobId: 'slow' });
      const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
      const running = await startWorker(workers, () => mayEnd);
      await seen(running, ['slow']);
      const closing = workers.close(10_000);
      end();
      await closing;
      expect(await queue.getJobState('slow')).toBe('completed');
    });

    test('a close ends although a job does not', async () => {
      const { workers, queue } = await setup();
      await queue.add('endless', {});
      const running = await startWorker(workers, () => new Promise(() => undefined));
      await seen(running, ['endless']);
      await expect(workers.close(300)).resolves.toBeUndefined();
    });
  });

  describe(`${kind} away`, () => {
    let server: OwnServer;

    beforeAll(async () => {
      server = await startServer();
    });
    // The test before has left it running, perhaps still starting up: that must not count as an outage of the next.
    beforeEach(async () => {
      const engine = openEngine({ url: server.url, role: 'producer' });
      await vi.waitFor(() => engine.migrate(), PATIENT);
      await (await engine.queue('email')).obliterate({ force: true });
      await engine.close();
    });
    afterEach(closeAll);
    afterAll(async () => {
      await server.dispose();
    });

    function watched(role: EngineOptions['role']) {
      const lost: Error[] = [];
      const back: number[] = [];
      const engine = open({
        url: server.url,
        role,
        onError: error => lost.push(error),
        onBack: awayMs => back.push(awayMs),
      });
      return { engine, lost, back };
    }

    /** What a web app does: it asks again with its next request. */
    const addWhenBack = (engine: Engine, name: string) =>
      vi.waitFor(async () => (await engine.queue('email')).add(name, {}, { removeOnComplete: true }), PATIENT);

    test('at the start: a producer is turned away, and works by itself once the engine is there', async () => {
      await server.kill();
      const { engine, lost, back } = watched('producer');
      await Promise.all([
        expect(engine.queue('email')).rejects.toThrow(EngineUnreachableError),
        expect(engine.queue('email')).rejects.toThrow(/connection refused/),
        expect(engine.check()).rejects.toThrow(EngineUnreachableError),
      ]);
      expect(lost).toHaveLength(1);
      await server.restart();
      const job = await addWhenBack(engine, 'after');
      expect(job.id).toBeDefined();
      expect(lost).toHaveLength(1);
      expect(back).toHaveLength(1);
    });

    test('later: an add fails, and the next ones work by themselves once the engine is back', async () => {
      const { engine, lost, back } = watched('producer');
      const queue = await engine.queue('email');
      await queue.add('before', {}, { jobId: 'before' });
      await server.kill();
      await expect(queue.add('lost', {})).rejects.toThrow();
      await expect(engine.queue('email').then(again => again.add('lost', {}))).rejects.toThrow();
      await server.restart();
      await addWhenBack(engine, 'after');
      // The same object works: nobody has to fetch it anew.
      await queue.add('old object', {});
      expect(await queue.getJobState('before')).toBe('waiting');
      expect(lost).toHaveLength(1);
      expect(back).toHaveLength(1);
    });

    test('frozen: an add fails within the time a producer waits, and works once the engine goes on', async () => {
      const { engine } = watched('producer');
      const queue = await engine.queue('email');
      server.pause();
      try {
        await expect(queue.add('unanswered', {})).rejects.toThrow(/time/i);
        const late = watched('producer');
        await expect(late.engine.queue('email').then(frozen => frozen.add('unanswered', {}))).rejects.toThrow(
          /time|cannot be reached/i,
        );
      } finally {
        server.resume();
      }
      await addWhenBack(engine, 'after');
    }, 10_000);

    test('a worker asked for while it is away begins by itself when it is there', async () => {
      await server.kill();
      const { engine, lost, back } = watched('worker');
      const starting = startWorker(engine);
      await vi.waitFor(() => expect(lost).toHaveLength(1), PATIENT);
      await server.restart();
      const running = await starting;
      expect(back).toHaveLength(1);
      const producer = watched('producer').engine;
      await addWhenBack(producer, 'first');
      await seen(running, ['first']);
    });

    test('a worker goes on by itself when it is back, and says once that it was away', async () => {
      const { engine, lost, back } = watched('worker');
      const producer = watched('producer').engine;
      const running = await startWorker(engine);
      const errors: Error[] = [];
      running.worker.on('error', error => errors.push(error));
      await addWhenBack(producer, 'before');
      await seen(running, ['before']);
      await server.kill();
      await vi.waitFor(() => expect(lost).toHaveLength(1), PATIENT);
      await server.restart();
      await addWhenBack(producer, 'after');
      await vi.waitFor(() => expect(namesOf(running)).toContain('after'), PATIENT);
      expect(lost).toHaveLength(1);
      await vi.waitFor(() => expect(back).toHaveLength(1), PATIENT);
      // That the engine is away is an outage, not an error of the worker for each attempt.
      expect(errors.filter(error => /ECONNREFUSED|closed|terminated/i.test(error.message))).toEqual([]);
    });

    test('a worker that waits for it gives up when its engine is closed', async () => {
      await server.kill();
      const { engine, lost } = watched('worker');
      const starting = engine.worker('email', async () => undefined, { name: 'waits' });
      const refused = starting.then(
        () => 'opened',
        (error: unknown) => error,
      );
      await vi.waitFor(() => expect(lost).toHaveLength(1), PATIENT);
      await engine.close(1_000);
      expect(await refused).toBeInstanceOf(EngineUnreachableError);
      await server.restart();
    });

    test('frozen: after a close nothing keeps the process alive', async () => {
      const program = `
        import { once } from 'node:events';
        import { openEngine } from ${JSON.stringify(import.meta.resolve('./index.ts'))};
        const url = ${JSON.stringify(server.url)};
        const workers = openEngine({ url, role: 'worker' });
        const producer = openEngine({ url, role: 'producer' });
        const { promise: ran, resolve } = Promise.withResolvers();
        const worker = await workers.worker('email', async () => resolve(), { name: 'child' });
        worker.run().catch(() => undefined);
        await (await producer.queue('email')).add('greet', {}, { removeOnComplete: true });
        await ran;
        console.log('ready');
        await once(process.stdin, 'data');
        process.stdin.destroy();
        await Promise.all([workers.close(500), producer.close(500)]);
      `;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      try {
        await once(child.stdout, 'data');
        server.pause();
        child.stdin.write('close\n');
        expect(await exited).toEqual([0, null]);
      } finally {
        server.resume();
        child.kill('SIGKILL');
      }
    });

    test('frozen: a close ends in bounded time, whatever was under way', async () => {
      const { engine } = watched('worker');
      const producer = watched('producer').engine;
      const running = await startWorker(engine);
      await addWhenBack(producer, 'before');
      await seen(running, ['before']);
      server.pause();
      try {
        const adding = producer.queue('email').then(queue => queue.add('unanswered', {}));
        adding.catch(() => undefined);
        const outcome = await Promise.race([
          Promise.all([engine.close(500), producer.close(500)]).then(() => 'closed'),
          sleep(8_000, 'still closing', { ref: false }),
        ]);
        expect(outcome).toBe('closed');
      } finally {
        server.resume();
      }
    });
  });
}
