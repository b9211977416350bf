import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases, type EngineFixture } from '../../../../tests/support/engines.ts';
import { stockWorker } from '../../../../tests/support/stock-worker.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { defineApp, defineJob } from '../../../contracts/index.ts';
import { BlameBook, DeadLetters } from '../../../dead-letters/index.ts';
import { openEngine, type Engine } from '../../../engine/index.ts';
import { Facts } from '../../../facts/index.ts';
import { readUnnamedQueues } from '../../../queue/index.ts';
import { openState } from '../../../state/index.ts';
import { Rescue } from '../deaths/rescue.ts';
import { UnnamedQueues } from './unnamed-queues.ts';

const app = defineApp({
  jobs: [defineJob({ queue: 'kept', name: 'work', schema: z.object({}) })],
  handlers: [],
});

describe.each(engineCases)('queues that no contract names on $kind', ({ open }) => {
  let fixture: EngineFixture;
  let engine: Engine;
  let facts: Facts;

  beforeEach(async () => {
    fixture = await open();
    engine = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    await engine.migrate();
    facts = new Facts();
    await (await engine.queue('kept')).add('work', {});
    await (await engine.queue('retired')).addBulk([1, 2, 3].map(n => ({ name: 'old', data: { n } })));
  });
  afterEach(async () => {
    await engine.close(2_000);
    await fixture.cleanup();
  });

  test('they are found with what they hold, and told about once as long as nothing changes', async () => {
    expect(await engine.queueNames()).toEqual(['kept', 'retired']);
    expect(await readUnnamedQueues(engine, app, await engine.queueNames())).toMatchObject([
      { name: 'retired', waiting: 3 },
    ]);
    const said: unknown[] = [];
    facts.on('queue.unnamed', ({ fields }) => said.push(fields));
    const unnamed = new UnnamedQueues({ app, engine, facts });
    await unnamed.look();
    await unnamed.look();
    expect(said).toEqual([{ queue: 'retired', waiting: 3, running: 0, delayed: 0, dead: 0 }]);
    expect(unnamed.names).toEqual(['retired']);
  });

  test('what a lost host held there is handed back', async () => {
    const begun = Promise.withResolvers<void>();
    const lost = openEngine({ url: fixture.url, namespace: fixture.namespace, role: 'worker' });
    const worker = await stockWorker(
      lost,
      'retired',
      () => {
        begun.resolve();
        return new Promise(() => undefined);
      },
      { name: 'lost-host/1' },
    );
    void worker.run();
    await begun.promise;
    const unnamed = new UnnamedQueues({ app, engine, facts });
    await unnamed.look();
    const store = await openState(engine);
    const rescue = new Rescue({
      engine,
      store,
      blame: new BlameBook(store),
      facts,
      name: 'here',
      queues: [...app.queues.keys()],
      others: () => unnamed.names,
    });
    const rescued = facts.next('job.rescued', ({ queue }) => queue === 'retired');
    await rescue.run('host-lost', name => name.startsWith('lost-host'));
    expect(await rescued).toMatchObject({ cause: 'host-lost', jobName: 'old' });
    await lost.close(300);
  });

  test('their dead letters are listed without their data, and can be discarded', async () => {
    const worker = await stockWorker(engine, 'retired', () => Promise.reject(new Error('secret 4111')), {
      name: 'other',
    });
    void worker.run();
    const queue = await engine.queue('retired');
    await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === 3);
    const letters = new DeadLetters({ engine, app });
    const [cause] = await letters.groups();
    expect(cause).toMatchObject({ queue: 'retired', count: 3, name: 'old' });
    const [first] = await letters.list({ queue: 'retired' });
    expect((await letters.show(first?.id ?? ''))?.data).toBe('[redacted]');
    const report = await letters.discard({ fingerprint: cause?.fingerprint }, { by: 'test', reason: 'retired' });
    expect(report.done).toHaveLength(3);
  });
});
