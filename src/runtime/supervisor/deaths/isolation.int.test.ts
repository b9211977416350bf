import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../../tests/support/engines.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { defineApp, defineJob } from '../../../contracts/index.ts';
import { openEngine, type Engine, type EngineQueue } from '../../../engine/index.ts';
import { Facts } from '../../../facts/index.ts';
import { openState } from '../../../state/index.ts';
import { BlameBook } from '../../../dead-letters/index.ts';
import type { WorkerExit } from '../child/child-worker.ts';
import { Isolation, type LoneWorker } from './isolation.ts';
import type { ClaimedJob } from '../child/messages.ts';

const task = defineJob({ queue: 'work', name: 'task', schema: z.object({}) });
const app = defineApp({ jobs: [task], handlers: [] });
const NAMES = ['one', 'two', 'three'] as const;
const NAMED = NAMES.map(id => `work/${id}`);
/** Shorter than what the supervisor renews locks to, and longer than a starved process takes to hand the jobs over. */
const LOCK_MS = 20_000;

/** Stands for a process: what it does with its job is the test's to say. */
interface Process extends LoneWorker {
  readonly jobName: string;
  ready: boolean;
  end(exit: WorkerExit): void;
}

describe.each(engineCases)('Isolation on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** Jobs that a worker has claimed and that are suspected of two crashes. */
  async function suspects(besideAfterMs = 60_000) {
    const place = await engineCase.open();
    cleanups.push(() => place.cleanup());
    const engine: Engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    cleanups.push(() => engine.close(500));
    await engine.migrate();
    const blame = new BlameBook(await openState(engine));
    for (const worker of ['host/1', 'host/2']) await blame.count(NAMED, worker);
    const queue = await engine.queue('work');
    await queue.addBulk(NAMES.map(jobId => ({ name: 'task', data: {}, opts: { jobId, priority: 10 } })));
    // As a worker that has passed its jobs on: they stay active under its token, and it neither renews their locks nor takes any again.
    const take = { tokens: NAMES.map(() => randomUUID()), worker: 'host/3', lockMs: LOCK_MS, maxBytes: 1_000_000 };
    const turns = await engine.turns('work');
    const { jobs } = await turns.turn({ id: randomUUID(), now: engine.clock.now(), ends: [], take });
    expect(jobs).toHaveLength(NAMES.length);
    const processes: Process[] = [];
    const facts = new Facts();
    const isolation = new Isolation({
      app,
      engine,
      blame,
      facts,
      atOnce: 2,
      besideAfterMs,
      diedTogether: async () => false,
      startWorker: jobName => {
        const { promise: exited, resolve: end } = Promise.withResolvers<WorkerExit>();
        const name = `host/alone-${jobName.split('/')[1]}`;
        const process = {
          jobName,
          name,
          startedAt: performance.now(),
          ready: false,
          leaving: false,
          killedAs: undefined,
          exited,
          end,
          send: () => undefined,
        };
        processes.push(process);
        return process;
      },
    });
    cleanups.push(() => isolation.stop());
    const claims = await engine.claims('work');
    const claimed: ClaimedJob[] = NAMES.flatMap(jobId =>
      claims
        .filter(claim => claim.jobId === jobId)
        .map(({ token }) => ({ queue: 'work', jobId, jobName: 'task', token })),
    );
    expect(claimed).toHaveLength(NAMES.length);
    for (const job of claimed) isolation.take(job);
    return { blame, engine, facts, claimed, isolation, processes, queue };
  }

  const statesOf = (queue: EngineQueue) => Promise.all(NAMES.map(id => queue.getJobState(id)));

  test('once one is found to be to blame, those that wait go back, and nothing is held against them; its history says where it ended', async () => {
    const { blame, facts, processes, queue } = await suspects();
    expect(processes.map(({ jobName }) => jobName)).toEqual(['work/one']);
    const dead = facts.next('job.dead');
    processes[0]?.end({ code: null, signal: 'SIGKILL' });
    expect(await dead).toMatchObject({ jobId: 'one', reason: 'poison' });
    await waitFor(
      'the others to go back',
      async () => (await statesOf(queue)).join() === 'failed,prioritized,prioritized',
    );
    expect(await Promise.all(NAMED.map(name => blame.of(name)))).toEqual(NAMES.map(() => ({ crashes: 0 })));
    expect(processes).toHaveLength(1);
    const { logs } = await queue.getJobLogs('one');
    expect(logs.map(line => JSON.parse(line))).toMatchObject([
      { what: 'failed', attempt: 1, worker: 'host/alone-one', error: 'PoisonJobError', dead: 'poison' },
    ]);
  });

  test('beside one that takes long the next begins, and no more than may run', async () => {
    const { claimed, isolation, processes, queue } = await suspects(200);
    await waitFor('the next', () => processes.length === 2);
    expect(processes.map(({ jobName }) => jobName)).toEqual(['work/one', 'work/two']);
    expect(isolation.jobOf(processes[0]?.name ?? '')).toBe('work/one');
    expect(NAMED.map(name => isolation.holds(name))).toEqual([true, true, true]);
    // Another program's ids are unique in its queue alone.
    expect(isolation.holds('other/one')).toBe(false);
    await waitFor(
      'its patience to be over as well',
      () => performance.now() - (processes[1]?.startedAt ?? Infinity) > 600,
    );
    expect(processes).toHaveLength(2);
    expect(processes.every(process => isolation.runs(process))).toBe(true);
    // The second one ends well: the third need not wait for the first.
    const token = claimed.find(({ jobId }) => jobId === 'two')?.token ?? '';
    await (await queue.getJob('two'))?.moveToCompleted('done', token, false);
    processes[1]?.end({ code: 0, signal: null });
    await waitFor('the third', () => processes.length === 3);
    expect(processes[2]?.jobName).toBe('work/three');
  });

  test('what waits has a longer lock at once, although that of its queue is shorter than the pauses between renewals, and goes back at a stop', async () => {
    const { engine, isolation, queue } = await suspects();
    await waitFor('every lock to be renewed', async () => {
      const claims = await engine.claims('work');
      return claims.length === NAMES.length && claims.every(({ lockLeftMs }) => lockLeftMs > LOCK_MS);
    });
    expect(await statesOf(queue)).toEqual(['active', 'active', 'active']);
    await isolation.stop();
    expect(await statesOf(queue)).toEqual(['active', 'prioritized', 'prioritized']);
  });
});
