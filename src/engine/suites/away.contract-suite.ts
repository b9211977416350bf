import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PATIENCE_MS, PATIENT } from '../../../tests/support/wait-for.ts';
import { EngineUnreachableError } from '../outage/engine-unreachable-error.ts';
import { isOutage } from '../../resilience/index.ts';
import { Facts } from '../../facts/index.ts';
import { openEngine, type Engine, type EngineOptions } from '../index.ts';
import {
  Engines,
  namesOf,
  seen,
  startWorker,
  type EngineContractCase,
  type OwnServer,
} from './trial.contract-suite.ts';

/** What producers and workers do while the engine is away, frozen or back: the same on every engine. */
export function awayContract({ kind, startServer }: Pick<EngineContractCase, 'kind' | 'startServer'>): void {
  describe(`${kind} away`, () => {
    const engines = new Engines();
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
    afterEach(() => engines.close());
    afterAll(async () => {
      await server.dispose();
    });

    function watched(role: EngineOptions['role']) {
      const lost: Error[] = [];
      const back: number[] = [];
      const facts = new Facts();
      facts.on('engine.lost', ({ fields: { error } }) => lost.push(error));
      facts.on('engine.back', ({ fields: { awayMs } }) => back.push(awayMs));
      const engine = engines.open({ url: server.url, role, facts });
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

    test('an app that tries again in a loop does not keep its process from noticing that the engine is back', async () => {
      const { engine } = watched('producer');
      const queue = await engine.turns('email');
      const add = () => queue.add([{ id: 'lost', name: 'lost', data: '{}', opts: {}, timestamp: 0 }]);
      await server.kill();
      await expect(add()).rejects.toThrow();
      const turned = new AbortController();
      setImmediate(() => turned.abort());
      for (let tries = 0; tries < 10_000 && !turned.signal.aborted; tries += 1) await add().catch(() => undefined);
      expect(turned.signal.aborted).toBe(true);
      await server.restart();
      await addWhenBack(engine, 'after');
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
    });

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
      await addWhenBack(producer, 'before');
      await seen(running, ['before']);
      await server.kill();
      await vi.waitFor(() => expect(lost).toHaveLength(1), PATIENT);
      await server.restart();
      await addWhenBack(producer, 'after');
      await vi.waitFor(() => expect(namesOf(running)).toContain('after'), PATIENT);
      expect(lost).toHaveLength(1);
      await vi.waitFor(() => expect(back).toHaveLength(1), PATIENT);
      // Whoever works tells an outage from a fault.
      expect(running.errors.filter(error => !isOutage(error))).toEqual([]);
    });

    test('a run that is put off while it is away comes back, its attempts untouched', async () => {
      const { engine } = watched('worker');
      const attempts: number[] = [];
      const away = Promise.withResolvers<void>();
      await startWorker(engine, async job => {
        attempts.push(job.attemptsMade);
        if (attempts.length > 1) return undefined;
        await server.kill();
        away.resolve();
        return { what: 'snoozed', until: Math.ceil(engine.clock.now()) + 10 };
      });
      await (await engine.queue('email')).add('job', {}, { attempts: 3 });
      await away.promise;
      await server.restart();
      await vi.waitFor(() => expect(attempts).toEqual([0, 0]), PATIENT);
    });

    test('a worker that waits for it gives up when its engine is closed', async () => {
      await server.kill();
      const { engine, lost } = watched('worker');
      const starting = startWorker(engine);
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
        import { openEngine } from ${JSON.stringify(import.meta.resolve('../index.ts'))};
        const url = ${JSON.stringify(server.url)};
        const workers = openEngine({ url, role: 'worker' });
        const producer = openEngine({ url, role: 'producer' });
        const turns = await workers.turns('email');
        await (await producer.queue('email')).add('greet', {}, { removeOnComplete: true });
        const waiting = new AbortController();
        const now = () => Math.floor(workers.clock.now());
        const take = { tokens: ['t'], worker: 'child', lockMs: 30_000, maxBytes: 1_000 };
        for (let nth = 0; ; nth += 1) {
          const { jobs } = await turns.turn({ id: 'turn-' + nth, now: now(), ends: [], take });
          if (jobs.length > 0) break;
          await turns.waitForWork(now(), undefined, waiting.signal);
        }
        void turns.waitForWork(now(), undefined, waiting.signal).catch(() => undefined);
        console.log('ready');
        await once(process.stdin, 'data');
        process.stdin.destroy();
        waiting.abort();
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
          sleep(PATIENCE_MS, 'still closing', { ref: false }),
        ]);
        expect(outcome).toBe('closed');
      } finally {
        server.resume();
      }
    });
  });
}
