import type { JobsOptions } from 'bullmq';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { PATIENCE_MS, PATIENT } from '../../../tests/support/wait-for.ts';
import { EngineUnreachableError } from '../outage/engine-unreachable-error.ts';
import type { EngineOptions } from '../index.ts';
import {
  Engines,
  namesOf,
  seen,
  startWorker,
  type EngineContractCase,
  type SharedFixture,
} from './trial.contract-suite.ts';

/** What queues and workers promise on every engine. */
export function queuesContract({ kind, openFixture }: Pick<EngineContractCase, 'kind' | 'openFixture'>): void {
  describe(`queues on ${kind}`, () => {
    const engines = new Engines();
    const fixtures: SharedFixture[] = [];
    const open = (options: EngineOptions) => engines.open(options);

    afterEach(async () => {
      await engines.close();
      await Promise.all(fixtures.splice(0).map(fixture => fixture.cleanup()));
    });

    /** A migrated namespace of its own, with a producer and a worker engine. */
    async function setup() {
      const fixture = await openFixture();
      fixtures.push(fixture);
      const { url, namespace } = fixture;
      const producer = open({ url, namespace, role: 'producer' });
      await producer.migrate();
      const workers = open({ url, namespace, role: 'worker' });
      return { url, namespace, producer, workers, queue: await producer.queue('email') };
    }

    test('a job is processed with its id, name, data and options, and completes', async () => {
      const { workers, queue } = await setup();
      const added = await queue.add('greet', { to: 'Ann', n: 1 }, { jobId: 'email-1', attempts: 4, priority: 20 });
      const running = await startWorker(workers, async () => ({
        what: 'succeeded',
        result: '{"sent":true}',
        keep: {},
      }));
      await seen(running, ['greet']);
      expect(running.jobs[0]).toMatchObject({ id: 'email-1', data: { to: 'Ann', n: 1 } });
      expect(running.jobs[0]?.opts).toMatchObject({ attempts: 4, priority: 20 });
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
      const running = await startWorker(workers);
      await queue.add('later', {}, { delay: 300 });
      await vi.waitFor(() => expect(namesOf(running)).toEqual(['later']), PATIENT);
      const later = await queue.getJob(running.jobs[0]?.id ?? '');
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

    test.each([
      ['without a priority', {}],
      ['with one', { priority: 10 }],
    ])(
      'claimed jobs %s go back to the head of their queue, in their order; a wrong token moves nothing',
      async (_, priority) => {
        const { workers, queue } = await setup();
        // By name too, the only order that BullMQ keeps on Redis among the priorities.
        const ids = ['b-first', 'a-second', 'c-third', 'fourth'];
        await queue.addBulk(ids.map(jobId => ({ name: jobId, data: {}, opts: { jobId, ...priority } })));
        const turns = await workers.turns('email');
        const take = { tokens: ['t1', 't2', 't3'], worker: 'holder', lockMs: 30_000, maxBytes: 1_000 };
        await turns.turn({ id: 'takes-three', now: Math.floor(workers.clock.now()), ends: [], take });
        const claims = await workers.claims('email');
        expect(claims.map(({ jobId, jobName, worker }) => [jobId, jobName, worker])).toEqual(
          ['b-first', 'a-second', 'c-third'].map(id => [id, id, 'holder']),
        );
        const wrong = claims.map(claim => (claim.jobId === 'a-second' ? { ...claim, token: 'not-its-own' } : claim));
        const gone = { jobId: 'never-was', token: 'none' };
        expect((await workers.handBack('email', [...wrong, gone])).toSorted()).toEqual(['b-first', 'c-third']);
        expect(await queue.getJobState('a-second')).toBe('active');
        expect(await workers.handBack('email', claims)).toEqual(['a-second']);
        expect(await workers.handBack('email', claims)).toEqual([]);

        await seen(await startWorker(workers), ['a-second', 'b-first', 'c-third', 'fourth']);
        await vi.waitFor(async () => expect((await queue.getJob('b-first'))?.attemptsMade).toBe(1), PATIENT);
      },
    );

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
      await queue.add('first', {});
      await seen(running, ['first']);
      await queue.add('wake', {});
      await vi.waitFor(() => expect(namesOf(running)).toEqual(['first', 'wake']), PATIENT);
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
        expect(Math.abs(report.clockDifferenceMs)).toBeLessThan(30_000);
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
      await expect(workers.turns('email')).rejects.toThrow(EngineUnreachableError);
    });

    test('a worker that stops lets a running job end and be recorded', async () => {
      const { workers, queue } = await setup();
      await queue.add('slow', {}, { jobId: 'slow' });
      const { promise: mayEnd, resolve: end } = Promise.withResolvers<void>();
      const running = await startWorker(workers, () => mayEnd);
      await seen(running, ['slow']);
      end();
      await running.stop();
      await workers.close(PATIENCE_MS);
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
}
