import { Job } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine, type Engine, type EngineJob } from './index.ts';

const MINUTE = 60_000;

/** This machine's clock, wrong by so much for everybody in this process. */
function setMachine(aheadMs: number): void {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
}

describe.each(engineCases)('the time that jobs go by on $kind', ({ kind, open }) => {
  const engines: Engine[] = [];
  let fixture: EngineFixture | undefined;
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(engines.splice(0).map(engine => engine.close(1_000)));
    await fixture?.cleanup();
  });

  async function setup(): Promise<Engine> {
    fixture = await open();
    const engine = openEngine({ ...fixture, role: 'worker' });
    engines.push(engine);
    await engine.migrate();
    return engine;
  }

  test.each([10 * MINUTE, -10 * MINUTE])(
    "is the engine's where the machine's clock is %i ms ahead: what is delayed, put off or tried again is due then",
    async aheadMs => {
      const realNow = Date.now();
      setMachine(aheadMs);
      const engine = await setup();
      const queue = await engine.queue('tasks');
      const ran: string[] = [];
      const worker = await engine.worker(
        'tasks',
        async (job, token) => {
          ran.push(job.name);
          if (job.name === 'fails' && job.attemptsMade === 0) throw new Error('once');
          if (job.name === 'put-off' && ran.filter(name => name === 'put-off').length === 1) {
            await job.moveToDelayed(Date.now() + 50, token);
            const { DelayedError } = await import('bullmq');
            throw new DelayedError();
          }
        },
        { name: 'w', concurrency: 1 },
      );
      const add = (name: string, delay: number) =>
        Job.create(queue, name, {}, { jobId: name, delay, timestamp: engine.clock.now(), attempts: 2, backoff: 50 });
      await add('late', 5 * MINUTE);
      await add('soon', 50);
      await add('fails', 0);
      await add('put-off', 0);
      void worker.run();
      await waitFor('the jobs that are due', async () => (await queue.getCompletedCount()) === 3);
      expect(ran.toSorted()).toEqual(['fails', 'fails', 'put-off', 'put-off', 'soon']);
      expect(await queue.getDelayedCount()).toBe(1);
      for (const job of await queue.getJobs(['completed'])) {
        for (const at of [job.timestamp, job.processedOn, job.finishedOn]) {
          expect(Math.abs((at ?? 0) - realNow)).toBeLessThan(5 * MINUTE);
        }
      }
      const late = await queue.getJob('late');
      await late?.changeDelay(20);
      await waitFor('the job that is no longer late', async () => (await queue.getCompletedCount()) === 4);
    },
  );

  test('a machine whose clock is ahead takes no lock of another for expired', async () => {
    const engine = await setup();
    const queue = await engine.queue('tasks');
    await Job.create(queue, 'long', {}, { jobId: 'long', timestamp: engine.clock.now() });
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const worker = await engine.worker(
      'tasks',
      async () => {
        begun.resolve();
        await gate.promise;
      },
      { name: 'w', lockDuration: MINUTE, skipStalledCheck: true },
    );
    void worker.run();
    await begun.promise;
    setMachine(10 * MINUTE);
    const other = openEngine({ ...fixture, url: fixture?.url ?? '', role: 'worker' });
    engines.push(other);
    const watching = await other.worker('tasks', async () => undefined, { name: 'o', stalledInterval: 1 });
    const stalled: string[] = [];
    for (let look = 0; look < 5; look += 1) {
      stalled.push(...(await watching.getBackend().moveStalledJobsToWait()).map(String));
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect(stalled).toEqual([]);
    expect(await queue.getActiveCount()).toBe(1);
    gate.resolve();
    await waitFor('its end', async () => (await queue.getCompletedCount()) === 1);
  });

  test.each([10 * MINUTE, -10 * MINUTE])(
    'what is left of a lock is told by it, with a machine that is %i ms ahead',
    async aheadMs => {
      const engine = await setup();
      const queue = await engine.queue('tasks');
      await Job.create(queue, 'long', {}, { jobId: 'long', timestamp: engine.clock.now() });
      const ended = Promise.withResolvers<void>();
      const worker = await engine.worker('tasks', () => ended.promise, { name: 'w', lockDuration: 5 * MINUTE });
      void worker.run();
      await waitFor('the job to be held', async () => (await queue.getActiveCount()) === 1);
      setMachine(aheadMs);
      const [claim] = await engine.claims('tasks');
      expect(claim?.lockLeftMs).toBeGreaterThan(MINUTE);
      expect(claim?.lockLeftMs).toBeLessThanOrEqual(5 * MINUTE);
      ended.resolve();
      await waitFor('its end', async () => (await queue.getCompletedCount()) === 1);
    },
  );

  if (kind !== 'redis') return;

  test("no script of BullMQ that we use is told the machine's time", async () => {
    const engine = await setup();
    const { url = '', namespace = '' } = fixture ?? {};
    const queue = await engine.queue('tasks');
    const monitor = await new Redis(url).monitor();
    const commands: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => commands.push(args));
    const year = 365 * 24 * 60 * MINUTE;
    try {
      setMachine(year);
      const around = Date.now();
      const add = (name: string, options = {}) =>
        Job.create(queue, name, {}, { jobId: name, timestamp: engine.clock.now(), ...options });
      const worker = await engine.worker('tasks', async () => undefined, { name: 'w' });
      for (const name of ['a', 'b', 'c', 'd', 'e']) await add(name, { attempts: 3 });
      await add('later', { delay: 1_000 });
      const take = async (token: string): Promise<EngineJob> => {
        const job = await worker.getNextJob(token);
        if (job === undefined) throw new Error('There is no job.');
        return job;
      };
      await (await take('t1')).moveToCompleted('x', 't1', false);
      await (await take('t2')).moveToFailed(new Error('no'), 't2');
      await (await take('t3')).moveToDelayed(Date.now() + 1_000, 't3');
      await (await take('t4')).moveToWait('t4');
      await (await queue.getJob('later'))?.changeDelay(2_000);
      await worker.getBackend().moveStalledJobsToWait();
      await queue.clean(1_000, 10, 'completed');
      await queue.retryJobs({ timestamp: Date.now() });
      const wrong = commands
        .filter(args => args.some(arg => arg.includes(namespace)))
        .filter(args => args.some(arg => /^\d{13}$/.test(arg) && Math.abs(Number(arg) - around) < year / 2));
      expect(wrong).toEqual([]);
      expect(commands.some(args => args.some(arg => arg.includes(`${namespace}:tasks:active`)))).toBe(true);
    } finally {
      monitor.disconnect();
    }
  });
});
