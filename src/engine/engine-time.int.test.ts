import { Job } from 'bullmq';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { engineCases, type EngineFixture } from '../../tests/support/engines.ts';
import { monitorRedis } from '../../tests/support/redis-monitor.ts';
import { startTurnWorker } from '../../tests/support/turn-worker.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine, type EndKind, type Engine } from './index.ts';

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
      const add = (name: string, delay: number) =>
        Job.create(queue, name, {}, { jobId: name, delay, timestamp: engine.clock.now(), attempts: 2, backoff: 50 });
      await add('late', 5 * MINUTE);
      await add('soon', 50);
      await add('fails', 0);
      await add('put-off', 0);
      const soon = (): number => Math.ceil(engine.clock.now()) + 50;
      const failure = { message: 'once', stacktrace: [] };
      await startTurnWorker(engine, 'tasks', async job => {
        ran.push(job.name);
        if (job.attemptsStarted > 1) return undefined;
        if (job.name === 'fails') return { what: 'retry', at: soon(), failure, lifo: false };
        return job.name === 'put-off' ? { what: 'snoozed', until: soon() } : undefined;
      });
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
    const turns = await engine.turns('tasks');
    const take = { tokens: ['t'], worker: 'w', lockMs: MINUTE, maxBytes: 1_000 };
    await turns.turn({ id: 'takes', now: Math.floor(engine.clock.now()), ends: [], take });
    setMachine(10 * MINUTE);
    const other = openEngine({ ...fixture, url: fixture?.url ?? '', role: 'worker' });
    engines.push(other);
    const watching = await other.turns('tasks');
    const stalled: string[] = [];
    for (let look = 0; look < 5; look += 1) {
      // Within a millisecond of another one it would be no look.
      const from = performance.now();
      await waitFor('time to go on', () => performance.now() > from + 2);
      stalled.push(...(await watching.returnStalled(Math.floor(other.clock.now()), 1, 100)));
    }
    expect(stalled).toEqual([]);
    expect(await queue.getActiveCount()).toBe(1);
  });

  test.each([10 * MINUTE, -10 * MINUTE])(
    'what is left of a lock is told by it, with a machine that is %i ms ahead',
    async aheadMs => {
      const engine = await setup();
      const queue = await engine.queue('tasks');
      await Job.create(queue, 'long', {}, { jobId: 'long', timestamp: engine.clock.now() });
      const turns = await engine.turns('tasks');
      const take = { tokens: ['t'], worker: 'w', lockMs: 5 * MINUTE, maxBytes: 1_000 };
      await turns.turn({ id: 'takes', now: Math.floor(engine.clock.now()), ends: [], take });
      setMachine(aheadMs);
      const [claim] = await engine.claims('tasks');
      expect(claim?.lockLeftMs).toBeGreaterThan(MINUTE);
      expect(claim?.lockLeftMs).toBeLessThanOrEqual(5 * MINUTE);
    },
  );

  if (kind !== 'redis') return;

  test("no script of BullMQ that we use is told the machine's time", async () => {
    const engine = await setup();
    const { url = '', namespace = '' } = fixture ?? {};
    const queue = await engine.queue('tasks');
    const { commands, stop } = await monitorRedis(url);
    const year = 365 * 24 * 60 * MINUTE;
    setMachine(year);
    const around = Date.now();
    try {
      const add = (name: string, options = {}) =>
        Job.create(queue, name, {}, { jobId: name, timestamp: engine.clock.now(), ...options });
      for (const name of ['a', 'b', 'c', 'd', 'e']) await add(name, { attempts: 3 });
      await add('later', { delay: MINUTE });
      const failure = { message: 'no', stacktrace: [] };
      const soon = (): number => Math.ceil(engine.clock.now()) + 1_000;
      const ends: Readonly<Record<string, EndKind>> = {
        b: { what: 'dead', failure, attempts: 1, keep: {} },
        c: { what: 'snoozed', until: soon() },
        d: { what: 'retry', at: soon(), failure, lifo: false },
      };
      const worker = await startTurnWorker(engine, 'tasks', async ({ name }) => ends[name]);
      await waitFor('all to have ended', () => worker.jobs.length >= 5);
      await worker.stop();
      await (await queue.getJob('later'))?.changeDelay(2 * MINUTE);
      await (await engine.turns('tasks')).returnStalled(Math.floor(engine.clock.now()), 1, 100);
      await queue.clean(1_000, 10, 'completed');
      await queue.retryJobs({ timestamp: Date.now() });
    } finally {
      await stop();
    }
    const wrong = commands
      .filter(args => args.some(arg => arg.includes(namespace)))
      .filter(args => args.some(arg => /^\d{13}$/.test(arg) && Math.abs(Number(arg) - around) < year / 2));
    expect(wrong).toEqual([]);
    expect(commands.some(args => args.some(arg => arg.includes(`${namespace}:tasks:active`)))).toBe(true);
  });
});
