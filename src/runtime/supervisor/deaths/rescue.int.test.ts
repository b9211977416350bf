import { afterEach, describe, expect, test } from 'vitest';
import { stockWorker, type StockWorker } from '../../../../tests/support/stock-worker.ts';
import { engineCases } from '../../../../tests/support/engines.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { openEngine, type Engine } from '../../../engine/index.ts';
import { Facts } from '../../../facts/index.ts';
import { openState } from '../../../state/index.ts';
import { BlameBook } from '../../../dead-letters/index.ts';
import { Rescue } from './rescue.ts';

const JOBS = Array.from({ length: 10 }, (_, index) => `job-${index}`);
/** As they are blamed. */
const NAMES = JOBS.map(id => `work/${id}`);

describe.each(engineCases)('Rescue on $kind', engineCase => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** Jobs that a worker holds which has stopped doing anything, and another worker that waits for them. */
  async function heldJobs(): Promise<{ readonly engine: Engine; readonly taken: ReadonlySet<string> }> {
    const fixture = await engineCase.open();
    cleanups.push(() => fixture.cleanup());
    const open = (): Engine => {
      const engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
      cleanups.push(() => engine.close(500));
      return engine;
    };
    const engine = open();
    await engine.migrate();
    const ended = Promise.withResolvers<void>();
    const start = async (name: string): Promise<{ worker: StockWorker; taken: Set<string> }> => {
      const taken = new Set<string>();
      const work = async ({ id = '' }: { readonly id?: string | undefined }): Promise<void> => {
        taken.add(id);
        await ended.promise;
      };
      const worker = await stockWorker(open(), 'work', work, { name, concurrency: JOBS.length });
      worker.run().catch(() => undefined);
      cleanups.push(() => worker.close(true));
      return { worker, taken };
    };
    cleanups.push(() => ended.resolve());
    const gone = await start('host/1');
    const queue = await engine.queue('work');
    await queue.addBulk(JOBS.map(jobId => ({ name: 'work', data: {}, opts: { jobId } })));
    await waitFor('the jobs to be held', () => gone.taken.size === JOBS.length);
    await gone.worker.pause(true);
    const { taken } = await start('host/2');
    return { engine, taken };
  }

  test('looks at the same death that overlap hand each job back once and blame it once', async () => {
    const { engine, taken } = await heldJobs();
    const store = await openState(engine);
    const [blame, facts] = [new BlameBook(store), new Facts()];
    const rescued: string[] = [];
    facts.on('job.rescued', ({ fields }) => rescued.push(fields.jobId));
    const rescue = new Rescue({ engine, store, blame, facts, name: 'host', queues: ['work'] });
    const look = () => rescue.run('worker-died', worker => worker === 'host/1');

    const [first, second] = await Promise.all([look(), look()]);
    expect(first.toSorted()).toEqual(NAMES);
    expect(second).toEqual([]);
    await waitFor('the other worker to take them', () => taken.size === JOBS.length);
    expect(rescued.toSorted()).toEqual(JOBS);
    expect(await Promise.all(NAMES.map(name => blame.of(name)))).toEqual(JOBS.map(() => ({ crashes: 1 })));
  });

  test('what a worker held is known, although the answer to its being handed back was lost', async () => {
    const { engine, taken } = await heldJobs();
    const store = await openState(engine);
    const deaf: Pick<Engine, 'kind' | 'claims' | 'handBack'> = {
      kind: engine.kind,
      claims: queue => engine.claims(queue),
      async handBack(queue, held) {
        await engine.handBack(queue, held);
        throw new Error('The connection is gone.');
      },
    };
    const blame = new BlameBook(store);
    const rescue = new Rescue({ engine: deaf, store, blame, facts: new Facts(), name: 'host', queues: ['work'] });
    const asked = new Set<string>();
    const gone = (worker: string, job: string): boolean => {
      asked.add(job);
      return worker === 'host/1';
    };
    expect((await rescue.run('worker-died', gone)).toSorted()).toEqual(NAMES);
    // By their names: what is held here under one of them is of that queue alone.
    expect([...asked]).toEqual(expect.arrayContaining(NAMES));
    await waitFor('the other worker to take them', () => taken.size === JOBS.length);
    expect(await blame.of('work/job-0')).toEqual({ crashes: 1 });
  });

  test('each worker has its own cause, and a late find is held against nobody', async () => {
    const { engine, taken } = await heldJobs();
    const store = await openState(engine);
    const [blame, facts] = [new BlameBook(store), new Facts()];
    const causes = new Set<string>();
    facts.on('job.rescued', ({ fields }) => causes.add(`${fields.worker} ${fields.cause}`));
    const rescue = new Rescue({ engine, store, blame, facts, name: 'host', queues: ['work'] });
    await rescue.run(
      worker => (worker === 'host/1' ? 'late' : 'host-lost'),
      worker => worker === 'host/1',
    );
    await waitFor('the other worker to take them', () => taken.size === JOBS.length);
    expect([...causes]).toEqual(['host/1 late']);
    expect(await blame.of('work/job-0')).toEqual({ crashes: 0 });
  });

  test('two supervisors that look into one death blame each job once', async () => {
    const { engine, taken } = await heldJobs();
    const store = await openState(engine);
    const [blame, facts] = [new BlameBook(store), new Facts()];
    const looks = ['host', 'other-host'].map(name =>
      new Rescue({ engine, store, blame, facts, name, queues: ['work'] }).run('worker-died', of => of === 'host/1'),
    );
    await Promise.all(looks);
    await waitFor('the other worker to take them', () => taken.size === JOBS.length);
    expect(await Promise.all(NAMES.map(name => blame.of(name)))).toEqual(JOBS.map(() => ({ crashes: 1 })));
  });
});
