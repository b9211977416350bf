import { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { describe, expect, test } from 'vitest';
import { inMemory } from '../../tests/support/memory-case.ts';
import { InvalidConfigError } from '../config/index.ts';
import { defineJob, handle, JobCancelledError } from '../contracts/index.ts';
import { IdempotencyConflictError, jobIdOf } from '../queue/index.ts';
import { createIdSource } from '../time/index.ts';
import { runTrial, soon, text } from './run-trial.contract-suite.ts';

describe('runs', () => {
  const setup = runTrial(inMemory);

  test('a high job queued last runs first', async () => {
    const order: string[] = [];
    const normal = defineJob({ queue: 'email', name: 'normal', schema: text });
    const low = defineJob({ queue: 'email', name: 'low', schema: text, priority: 'low' });
    const high = defineJob({ queue: 'email', name: 'high', schema: text, priority: 'high' });
    const note = (contract: typeof normal) => handle(contract, (_data, run) => void order.push(run.jobName));
    const { client, facts, start } = await setup([note(normal), note(low), note(high)]);
    await client.enqueueMany([low({ text: '' }), normal({ text: '' }), normal({ text: '' }), high({ text: '' })]);
    const last = facts.next('job.succeeded', ({ jobName }) => jobName === 'low');
    await start({ concurrency: 1 });
    await last;
    expect(order).toEqual(['high', 'normal', 'normal', 'low']);
  });

  test("BullMQ's own errors, thrown by a handler, are failed attempts like others", async () => {
    const errors = [new DelayedError(), new WaitingError(), new WaitingChildrenError(), new RateLimitError()];
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text, retry: { attempts: 2, backoff: soon } });
    const { client, facts, start } = await setup([
      handle(greet, data => {
        throw errors[Number(data.text)];
      }),
    ]);
    const ended = new Map<string, string>();
    const all = facts.next('job.dead', ({ jobId, reason, attempt }) => {
      return ended.set(jobId, `${reason} ${attempt}`).size === errors.length;
    });
    const receipts = await client.enqueueMany(errors.map((_, index) => greet({ text: String(index) })));
    await start();
    await all;
    expect([...ended.values()]).toEqual(errors.map(() => 'attempts-exhausted 2'));
    for (const [index, { id }] of receipts.entries()) {
      const view = await client.job(id);
      expect(view).toMatchObject({ state: 'dead', attemptsMade: 2 });
      expect(view?.lastError).toContain(errors[index]?.message);
      expect(view?.errors[0]).toContain(errors[index]?.name);
    }
  });

  test("BullMQ's UnrecoverableError, thrown by a handler, ends the job, and the fact and the history say so", async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text, retry: { attempts: 3, backoff: soon } });
    const { client, facts, start, queue } = await setup([
      handle(greet, () => {
        throw new UnrecoverableError('no such user');
      }),
    ]);
    let retries = 0;
    facts.on('job.retried', () => (retries += 1));
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(greet, { text: '' });
    await start();
    expect(await died).toMatchObject({ jobId: id, reason: 'said-by-handler', attempt: 1 });
    expect(retries).toBe(0);
    expect(await client.job(id)).toMatchObject({ state: 'dead', attemptsMade: 1, lastError: 'no such user' });
    const { logs } = await (await queue('email')).getJobLogs(id);
    expect(logs.map(line => JSON.parse(line))).toMatchObject([
      { what: 'failed', error: 'UnrecoverableError', dead: 'said-by-handler' },
    ]);
  });

  test('a job that starts after its expiry is dropped as expired, its handler not called', async () => {
    let called = 0;
    const reset = defineJob({ queue: 'email', name: 'reset', schema: text, expiresAfter: '1m' });
    const { client, facts, start, queue } = await setup([handle(reset, () => void (called += 1))]);
    const id = jobIdOf('email', createIdSource().next());
    await (await queue('email')).add('reset', { text: '' }, { jobId: id, timestamp: Date.now() - 60_001 });
    const died = facts.next('job.dead');
    await start();
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'expired' });
    expect(called).toBe(0);
    expect((await client.job(id))?.lastError).toMatch(/^JOB_EXPIRED/);
  });

  test('a job has waited since its delay was over', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { facts, start, queue } = await setup([handle(greet, () => undefined)]);
    const day = 86_400_000;
    await (await queue('email')).add('greet', { text: '' }, { delay: day, timestamp: Date.now() - day });
    const done = facts.next('job.succeeded');
    await start();
    expect((await done).waitedMs).toBeLessThan(day / 2);
  });

  test('a handler past its timeout has its signal aborted and the attempt fails', async () => {
    const slow = defineJob({ queue: 'email', name: 'slow', schema: text, timeout: 100, retry: { attempts: 1 } });
    const { client, facts, start } = await setup([
      handle(
        slow,
        (_data, run) =>
          new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason))),
      ),
    ]);
    await start();
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(slow, { text: '' });
    expect((await died).error.message).toMatch(/^JOB_TIMEOUT/);
    expect((await client.job(id))?.lastError).toMatch(/^JOB_TIMEOUT/);
  });

  test('a handler that returns what cannot be looked at has failed, and keeps no slot', async () => {
    const trap = defineJob({ queue: 'email', name: 'trap', schema: text, retry: { attempts: 1, backoff: soon } });
    const hostile = new Proxy(
      {},
      {
        has: () => true,
        get() {
          throw new Error('a trap');
        },
      },
    );
    const { client, facts, start } = await setup([handle(trap, () => hostile)]);
    const host = await start();
    const ended = facts.next('job.dead');
    await client.enqueue(trap, { text: 'a' });
    expect(await ended).toMatchObject({ reason: 'attempts-exhausted' });
    expect(host.running.size).toBe(0);
  });

  test('a job whose handler throws what only looks like a cancel has failed attempts, and is dead once', async () => {
    const work = defineJob({ queue: 'email', name: 'work', schema: text, retry: { attempts: 3, backoff: soon } });
    const { client, facts, start } = await setup([
      handle(work, () => {
        // Nothing that a typed handler could throw.
        throw Object.assign(new JobCancelledError('x'), { reason: undefined });
      }),
    ]);
    facts.on('job.cancelled', () => undefined);
    const seen: string[] = [];
    facts.on('worker.error', ({ fields }) => void seen.push(fields.error.name));
    facts.on('job.dead', ({ fields }) => void seen.push(`dead, ${fields.reason}, ${fields.attempt}`));
    const died = facts.next('job.dead', ({ attempt }) => attempt === 3);
    const { id } = await client.enqueue(work, { text: '' });
    await start();
    await died;
    expect(await client.job(id)).toMatchObject({ state: 'dead', attemptsMade: 3 });
    expect(seen).toEqual(['dead, attempts-exhausted, 3']);
  });

  test('no more jobs run at once than the concurrency allows', async () => {
    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const work = defineJob({ queue: 'email', name: 'work', schema: text });
    const { client, facts, start } = await setup([
      handle(work, async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 2) for (const open of gates.splice(0)) open();
        else await new Promise<void>(resolve => gates.push(resolve));
        running -= 1;
      }),
    ]);
    await client.enqueueMany(Array.from({ length: 6 }, () => work({ text: '' })));
    let done = 0;
    const all = facts.next('job.succeeded', () => ++done === 6);
    await start({ concurrency: 2 });
    await all;
    expect(most).toBe(2);
  });

  test('same key and same data returns the first job, also after it ended; other data is refused', async () => {
    let runs = 0;
    const order = defineJob({ queue: 'email', name: 'order', schema: text, retention: { completed: 0 } });
    const { client, facts, start } = await setup([handle(order, () => void (runs += 1))]);
    const options = { idempotencyKey: 'order-7' };
    const first = await client.enqueue(order, { text: 'a' }, options);
    const again = await client.enqueue(order, { text: 'a' }, options);
    expect(again).toEqual({ ...first, deduplicated: true });
    await expect(client.enqueue(order, { text: 'b' }, options)).rejects.toThrow(IdempotencyConflictError);
    const succeeded = facts.next('job.succeeded');
    await start();
    await succeeded;
    await expect(client.enqueueMany([order({ text: 'a' }, options)])).resolves.toEqual([
      { ...first, deduplicated: true },
    ]);
    await expect(client.enqueueMany([order({ text: 'b' }, options)])).rejects.toThrow(first.id);
    expect(runs).toBe(1);
  });

  test('a host without a handler for an assigned job is refused by name', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { start } = await setup([], [greet]);
    await expect(start()).rejects.toThrow(InvalidConfigError);
    await expect(start()).rejects.toThrow('"greet"');
  });
});
