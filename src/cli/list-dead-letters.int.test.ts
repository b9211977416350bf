import { UnrecoverableError } from 'bullmq';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineCases, type EnginePlace } from '../../tests/support/engines.ts';
import sampleApp from '../../tests/support/sample-app.config.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { listDeadLetters } from './list-dead-letters.ts';

const EXPIRED = 450;

describe.each(engineCases)('dead letters on $kind', ({ open }) => {
  let place: EnginePlace;
  let engine: Engine;

  beforeAll(async () => {
    place = await open();
    engine = openEngine({ url: place.url, namespace: place.namespace, role: 'worker' });
    await engine.migrate();
    // One at a time, so that they end in this order: failures first, then a crowd of expired ones.
    const reasons = [
      'first hunter2',
      'second',
      'third',
      ...Array.from({ length: EXPIRED }, () => 'JOB_EXPIRED: too old'),
      'JOB_CANCELLED: not wanted',
    ];
    const fail = async (_job: unknown, token: string): Promise<never> => {
      throw new UnrecoverableError(token === '' ? 'no token' : (reasons.shift() ?? ''));
    };
    for (const name of ['email', 'analytics']) {
      const queue = await engine.queue(name);
      const count = name === 'email' ? reasons.length : 1;
      await queue.addBulk(Array.from({ length: count }, () => ({ name: 'letter', data: { to: 'hunter2', body: '' } })));
      if (name === 'analytics') reasons.push('last');
      const worker = await engine.worker(name, fail, { name: 'w', concurrency: 1 });
      void worker.run();
      await waitFor('the jobs to fail', async () => (await queue.getFailedCount()) === count);
      await worker.close();
    }
  });
  afterAll(async () => {
    await engine.close(2_000);
    await place.cleanup();
  });

  const list = async (options: { readonly limit: number; readonly all?: boolean; readonly queues?: string[] }) => {
    const letters = await listDeadLetters(engine, sampleApp, {
      queues: ['email', 'analytics'],
      all: false,
      ...options,
    });
    return letters.map(({ reason }) => reason);
  };

  test('failures are found behind hundreds of expired jobs, newest first across queues, sensitive values removed', async () => {
    expect(await list({ limit: 50 })).toEqual(['last', 'third', 'second', 'first [redacted]']);
  });

  test('the limit keeps the newest', async () => {
    expect(await list({ limit: 2 })).toEqual(['last', 'third']);
  });

  test('expired and cancelled ones are there when asked for', async () => {
    const all = await list({ limit: 1_000, all: true, queues: ['email'] });
    expect(all).toHaveLength(EXPIRED + 4);
    expect(all[0]).toBe('JOB_CANCELLED: not wanted');
  });
});
