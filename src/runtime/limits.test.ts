import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { memoryCase, type MemoryCase } from '../../tests/support/memory-case.ts';
import { runApp, type RunningApp } from '../../tests/support/running-app.ts';
import { defineApp, defineJob, handle, type QueueDefinition } from '../contracts/index.ts';
import { fixed } from '../resilience/index.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const schema = z.object({ tenant: z.string(), n: z.number() });

/** What limits come to with hosts at work. What engines decide is in their contract suite. */
describe('limits', () => {
  let fixture: MemoryCase;
  let app: RunningApp | undefined;
  const calls: { readonly tenant: string; readonly n: number; readonly at: number }[] = [];
  let running: string[] = [];
  let most = new Map<string, number>();

  beforeEach(() => {
    fixture = memoryCase(NOW);
    calls.length = 0;
    running = [];
    most = new Map();
  });
  afterEach(() => app?.stop());

  const mail = defineJob({
    queue: 'mail',
    name: 'mail',
    schema,
    retry: { attempts: 3, backoff: fixed('10ms') },
    limits: [{ name: 'tenant', by: ({ tenant }) => tenant, concurrency: 2 }],
  });
  const note = defineJob({
    queue: 'mail',
    name: 'note',
    schema,
    limits: [{ name: 'tenant', by: ({ tenant }) => tenant, concurrency: 2 }],
  });
  const brief = defineJob({
    queue: 'mail',
    name: 'brief',
    schema,
    expiresAfter: '60s',
    limits: [{ name: 'tenant', by: ({ tenant }) => tenant, concurrency: 2 }],
    tags: ({ tenant }) => ({ tenant }),
    publicTags: ['tenant'],
  });
  const plain = defineJob({ queue: 'mail', name: 'plain', schema });
  const digest = defineJob({
    queue: 'digests',
    name: 'digest',
    schema,
    limits: [
      {
        name: 'customer',
        by: ({ tenant }) => tenant,
        fair: { weight: tenant => (tenant === 'acme' ? 2 : 1) },
        concurrency: tenant => (tenant === 'acme' ? 3 : 1),
      },
    ],
  });

  const start = async (queue: QueueDefinition = {}): Promise<RunningApp> => {
    const work = async ({ tenant, n }: z.infer<typeof schema>): Promise<void> => {
      calls.push({ tenant, n, at: fixture.clock.now() });
      running.push(tenant);
      most.set(tenant, Math.max(most.get(tenant) ?? 0, running.filter(each => each === tenant).length));
      await app?.engine.clock.pass(100, AbortSignal.timeout(60_000));
      running.splice(running.indexOf(tenant), 1);
    };
    const jobs = [mail, note, brief, plain, digest];
    const handlers = jobs.map(contract => handle(contract, work));
    app = await runApp(fixture, defineApp({ jobs, handlers, queues: { mail: { concurrency: 20, ...queue } } }));
    return app;
  };
  const succeeded = ({ client }: RunningApp, ids: readonly string[]) =>
    fixture.until('the jobs to succeed', async () => {
      const views = await Promise.all(ids.map(id => client.job(id)));
      return views.every(view => view?.state === 'succeeded') && views;
    });

  test('contracts that name the same limit share it, tenant by tenant', async () => {
    const started = await start();
    const requests = [1, 2, 3].flatMap(n => [
      mail({ tenant: 'acme', n }),
      note({ tenant: 'acme', n }),
      mail({ tenant: 'b', n }),
    ]);
    const ids = (await started.client.enqueueMany(requests)).map(({ id }) => id);
    const views = await succeeded(started, ids);
    expect(most.get('acme')).toBe(2);
    expect(most.get('b')).toBe(2);
    expect(views.every(view => view?.attemptsMade === 1)).toBe(true);
  });

  test('a limit of the queue holds for jobs whose producer knew nothing of it, and each begins once', async () => {
    const started = await start({
      limits: [{ name: 'all', by: (data: { tenant: string }) => data.tenant, concurrency: 1 }],
    });
    const begun: string[] = [];
    started.facts.on('job.started', ({ fields }) => begun.push(fields.jobId));
    const requests = [1, 2, 3].flatMap(n => [plain({ tenant: 'acme', n }), mail({ tenant: 'b', n })]);
    const ids = (await started.client.enqueueMany(requests)).map(({ id }) => id);
    await succeeded(started, ids);
    expect(most.get('acme')).toBe(1);
    expect(most.get('b')).toBe(1);
    expect(begun.toSorted()).toEqual([...ids].toSorted());
  });

  test('groups take turns, with the numbers that functions say of each, and one of them can be paused', async () => {
    const started = await start();
    await started.client.pause({ group: 'customer=c' });
    const requests = ['acme', 'acme', 'acme', 'acme', 'acme', 'acme', 'acme', 'acme', 'b', 'b', 'c'].map((tenant, n) =>
      digest({ tenant, n }),
    );
    const ids = (await started.client.enqueueMany(requests)).map(({ id }) => id);
    await succeeded(started, ids.slice(0, -1));
    expect(most.get('acme')).toBe(3);
    expect(most.get('b')).toBe(1);
    // Behind eight of another tenant, and no later than the fourth.
    expect(calls.findIndex(({ tenant }) => tenant === 'b')).toBeLessThan(4);
    expect(calls.some(({ tenant }) => tenant === 'c')).toBe(false);
    await started.client.resume({ group: 'customer=c' });
    await succeeded(started, ids.slice(-1));
  });

  test('one that waits for its group ends at once when it is cancelled, and at its time when it expires', async () => {
    const started = await start();
    await started.client.pause({ group: 'tenant=acme' });
    const [first, second] = await started.client.enqueueMany([1, 2].map(n => brief({ tenant: 'acme', n })));
    await fixture.until('both to be held', async () => (await started.engine.turns('mail').then(q => q.held())) === 2);
    await started.client.cancel(second?.id ?? '');
    const stateOf = async (id = ''): Promise<string | undefined> => (await started.client.job(id))?.state;
    await fixture.until('the second to end', async () => (await stateOf(second?.id)) === 'cancelled');
    expect(await stateOf(first?.id)).toBe('waiting');
    await fixture.until('the first to expire', async () => (await stateOf(first?.id)) === 'expired');
    expect(fixture.clock.now() - NOW).toBeLessThan(70_000);
    expect(calls).toEqual([]);
  });

  test('one that waits for its group says so, and whose it is where a public tag does', async () => {
    const started = await start();
    const ids = (
      await started.client.enqueueMany([
        ...[1, 2].map(n => note({ tenant: 'acme', n })),
        note({ tenant: 'acme', n: 3 }),
        brief({ tenant: 'acme', n: 4 }),
      ])
    ).map(({ id }) => id);
    await fixture.until('two to be held', async () => (await started.engine.turns('mail').then(q => q.held())) === 2);
    expect(await started.client.job(ids[2] ?? '')).toMatchObject({
      state: 'waiting',
      waitsFor: { for: 'limit', of: { queue: 'mail', limit: 'tenant' } },
    });
    expect((await started.client.job(ids[2] ?? ''))?.waitsFor).not.toHaveProperty('of.value');
    expect(await started.client.job(ids[3] ?? '')).toMatchObject({
      waitsFor: { for: 'limit', of: { queue: 'mail', limit: 'tenant', value: 'acme' } },
    });
    await succeeded(started, ids);
  });

  test('those of one group run in their order', async () => {
    const started = await start();
    const requests = [1, 2, 3, 4, 5].map(n => mail({ tenant: 'acme', n }));
    const ids = (await started.client.enqueueMany(requests)).map(({ id }) => id);
    await succeeded(started, ids);
    expect(calls.map(({ n }) => n)).toEqual([1, 2, 3, 4, 5]);
  });
});
