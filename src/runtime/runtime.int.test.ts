import { once } from 'node:events';
import { DelayedError, RateLimitError, UnrecoverableError, WaitingChildrenError, WaitingError } from 'bullmq';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { PATIENCE_MS, waitFor } from '../../tests/support/wait-for.ts';
import {
  cancel,
  dead,
  defineApp,
  defineJob,
  handle,
  retryAfter,
  snooze,
  type Handler,
  type HandlerResult,
  type Run,
  type AnyJobContract,
  JobCancelledError,
} from '../contracts/index.ts';
import { openEngine, type EngineQueue } from '../engine/index.ts';
import { DeliveryError, fixed } from '../resilience/index.ts';
import { IdempotencyConflictError, connect, jobIdOf } from '../queue/index.ts';
import { InvalidConfigError } from '../config/index.ts';
import { Facts } from '../facts/index.ts';
import { createIdSource } from '../time/index.ts';
import { createWorkerHost, type WorkerHost } from './host/worker-host.ts';

const soon = fixed(10);
const text = z.object({ text: z.string() });

describe.each(engineCases)('jobs on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  /** A producer and what is needed to start workers, in an engine namespace of their own. */
  async function setup(handlers: readonly Handler[], jobs: readonly AnyJobContract[] = []) {
    const place = await engineCase.open();
    cleanups.push(() => place.cleanup());
    const { url, namespace } = place;
    const migrating = openEngine({ url, role: 'producer', namespace });
    await migrating.migrate();
    cleanups.push(() => migrating.close());
    const facts = new Facts();
    const client = connect({ [engineCase.kind]: url, namespace, facts });
    cleanups.push(() => client.close());
    const contracts = new Set([...handlers.map(({ contract }) => contract), ...jobs]);
    const app = defineApp({ jobs: [...contracts], handlers });
    const start = async (options: { readonly concurrency?: number } = {}): Promise<WorkerHost> => {
      const host = createWorkerHost({ app, engine: openEngine({ url, role: 'worker', namespace }), facts, ...options });
      cleanups.push(() => host.stop(2_000));
      await host.start();
      return host;
    };
    const queue = (name: string): Promise<EngineQueue> => migrating.queue(name);
    const breakJson = async (id: string): Promise<void> => {
      if (engineCase.kind === 'redis') {
        const redis = new Redis(url);
        await redis.hset(`${namespace}:email:${id}`, 'data', '{"text": "a');
        await redis.quit();
      } else {
        const database = new Client({ connectionString: url });
        await database.connect();
        // A JSON column: "broken" is what BullMQ does not expect there.
        await database.query(`update "bullmq_${namespace}".job set data = '"{"' where id = $1`, [id]);
        await database.end();
      }
    };
    return { client, facts, start, queue, breakJson };
  }

  test('a job runs with the validated data and is recorded as succeeded', async () => {
    const seen: unknown[] = [];
    const greet = defineJob({
      queue: 'email',
      name: 'greet',
      schema: z.object({ at: z.iso.datetime().transform(iso => new Date(iso)) }),
    });
    const { client, facts, start } = await setup([
      handle(greet, (data, run) => {
        seen.push({ at: data.at, attempt: run.attempt, jobId: run.jobId, correlationId: run.correlationId });
      }),
    ]);
    await start();
    const succeeded = facts.next('job.succeeded');
    const receipt = await client.enqueue(greet, { at: '2026-01-01T00:00:00.000Z' }, { correlationId: 'request-1' });
    await expect(succeeded).resolves.toMatchObject({ jobId: receipt.id, correlationId: 'request-1', attempt: 1 });
    expect(seen).toEqual([
      { at: new Date('2026-01-01T00:00:00.000Z'), attempt: 1, jobId: receipt.id, correlationId: 'request-1' },
    ]);
    await expect(client.job(receipt.id)).resolves.toMatchObject({
      state: 'succeeded',
      attemptsMade: 1,
      queue: 'email',
    });
  });

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

  test('a failed attempt is retried after the backoff, and the last one makes a dead letter', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text, retry: { attempts: 3, backoff: soon } });
    const attempts: number[] = [];
    const { client, facts, start } = await setup([
      handle(greet, (_data, run) => {
        attempts.push(run.attempt);
        throw new Error('no luck');
      }),
    ]);
    await start();
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(greet, { text: '' });
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'attempts-exhausted', attempt: 3 });
    expect(attempts).toEqual([1, 2, 3]);
    const view = await client.job(id);
    expect(view).toMatchObject({ state: 'dead', attemptsMade: 3, lastError: 'no luck' });
    expect(view?.errors).toHaveLength(3);
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
    const reset = defineJob({ queue: 'email', name: 'reset', schema: text, expiresAfter: 1 });
    const { client, facts, start } = await setup([handle(reset, () => void (called += 1))]);
    const { id } = await client.enqueue(reset, { text: '' });
    const died = facts.next('job.dead');
    await start();
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'expired' });
    expect(called).toBe(0);
    expect((await client.job(id))?.lastError).toMatch(/^JOB_EXPIRED/);
  });

  test('outcomes said by the handler: dead at once, cancelled, snoozed without an attempt', async () => {
    const make = (name: string) => defineJob({ queue: 'email', name, schema: text });
    const [gone, unwanted, later] = [make('gone'), make('unwanted'), make('later')];
    const runs: number[] = [];
    const { client, facts, start } = await setup([
      handle(gone, () => dead('no such order')),
      handle(unwanted, () => {
        throw cancel('the user left');
      }),
      handle(later, (_data, run) => {
        runs.push(run.attempt);
        return runs.length === 1 ? snooze(10, 'not yet') : undefined;
      }),
    ]);
    await start();
    const facts3 = Promise.all([
      facts.next('job.dead'),
      facts.next('job.cancelled'),
      facts.next('job.snoozed'),
      facts.next('job.succeeded', ({ jobName }) => jobName === 'later'),
    ]);
    const [goneReceipt] = await client.enqueueMany([gone({ text: '' }), unwanted({ text: '' }), later({ text: '' })]);
    const [died, cancelled, snoozed] = await facts3;
    expect(died).toMatchObject({ jobId: goneReceipt?.id, reason: 'said-by-handler', attempt: 1 });
    expect(cancelled).toMatchObject({ reason: 'the user left' });
    expect(snoozed).toMatchObject({ reason: 'not yet', alarm: false });
    expect(runs).toEqual([1, 1]);
  });

  test('data that fits no known version is dead at once; the worker lives', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { client, facts, start, queue } = await setup([handle(greet, () => undefined)]);
    const id = jobIdOf('email', createIdSource().next());
    await (
      await queue('email')
    ).add('greet', { text: 7 }, { jobId: id, attempts: 5, backoff: { type: 'fixed', delay: 1_000 } });
    const died = facts.next('job.dead');
    await start();
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'undecodable', attempt: 1 });
    const succeeded = facts.next('job.succeeded');
    await client.enqueue(greet, { text: '' });
    await succeeded;
  });

  test('broken JSON in the queue is dead at once, also for a contract that would take an empty object', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ text: z.string().optional() }) });
    const { client, facts, start, breakJson } = await setup([handle(greet, () => undefined)]);
    const { id } = await client.enqueue(greet, { text: 'a' });
    await breakJson(id);
    const died = facts.next('job.dead');
    await start();
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'undecodable', attempt: 1 });
  });

  test('a job that this release does not know waits without an attempt, with an alarm, and dies after an hour', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { client, facts, start, queue } = await setup([handle(greet, () => undefined)]);
    const ids = createIdSource();
    const unknown = jobIdOf('email', ids.next());
    const old = jobIdOf('email', ids.next());
    const newer = jobIdOf('email', ids.next());
    const email = await queue('email');
    await email.add('from-tomorrow', {}, { jobId: unknown });
    await email.add('greet', { text: '' }, { jobId: newer, telemetry: { metadata: '{"v":2}' } });
    const waiting = await email.add('from-last-week', {}, { jobId: old });
    await waiting.updateProgress({ since: Date.now() - 3_600_001 });
    const all = Promise.all([
      facts.next('job.snoozed', ({ jobId }) => jobId === unknown),
      facts.next('job.snoozed', ({ jobId }) => jobId === newer),
      facts.next('job.dead', ({ jobId }) => jobId === old),
    ]);
    await start();
    const [byName, byVersion, died] = await all;
    expect(byName).toMatchObject({ alarm: true, reason: 'this release does not know the name' });
    expect(byVersion).toMatchObject({ alarm: true, reason: 'this release does not know version 2' });
    expect(died).toMatchObject({ reason: 'unknown-contract' });
    await expect(client.job(unknown)).resolves.toMatchObject({ state: 'delayed', attemptsMade: 0 });
  });

  test('the hour in which a job waits for a release ends with the release that takes it', async () => {
    const greet = defineJob({
      queue: 'email',
      name: 'greet',
      schema: text,
      retry: { attempts: 2, backoff: fixed('1h') },
    });
    const { facts, start, queue } = await setup([
      handle(greet, () => {
        throw new Error('later');
      }),
    ]);
    const id = jobIdOf('email', createIdSource().next());
    const email = await queue('email');
    const waiting = await email.add(
      'greet',
      { text: '' },
      { jobId: id, attempts: 2, backoff: { type: 'fixed', delay: 1_000 } },
    );
    await waiting.updateProgress({ waitingForRelease: 'the name', since: Date.now() - 3_600_001 });
    const retried = facts.next('job.retried');
    await start();
    await retried;
    expect(await email.getJob(id)).toMatchObject({ progress: 0, attemptsMade: 1 });
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

  test('a job queued by the last release is upgraded and runs', async () => {
    const v1 = defineJob({ queue: 'email', name: 'greet', schema: z.object({ first: z.string(), last: z.string() }) });
    const v2 = defineJob({
      queue: 'email',
      name: 'greet',
      version: 2,
      schema: z.object({ name: z.string() }),
      upgrade: {
        1: data => {
          const { first, last } = z.object({ first: z.string(), last: z.string() }).parse(data);
          return { name: `${first} ${last}` };
        },
      },
    });
    const names: string[] = [];
    const { client, facts, start } = await setup([handle(v2, ({ name }) => void names.push(name))]);
    await client.enqueue(v1, { first: 'Ada', last: 'Lovelace' });
    await client.enqueue(v2, { name: 'Grace Hopper' });
    const both = facts.next('job.succeeded', () => names.length === 2);
    await start();
    await both;
    expect(names.toSorted()).toEqual(['Ada Lovelace', 'Grace Hopper']);
  });

  test('a job with a very long sensitive value ends at its first failure, and nothing repeats the value', async () => {
    const call = defineJob({
      queue: 'email',
      name: 'call',
      schema: z.object({ payload: z.string() }),
      sensitive: ['payload'],
      retry: { attempts: 1 },
    });
    const { client, facts, start, queue } = await setup([
      handle(call, ({ payload }) => {
        throw new Error(`could not send ${payload}`);
      }),
    ]);
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(call, { payload: 'planted secret '.repeat(8_000) });
    await start();
    const { error, attempt } = await died;
    const stored = await (await queue('email')).getJob(id);
    expect([attempt, error.message, stored?.failedReason]).toEqual([
      1,
      'could not send [redacted]',
      'could not send [redacted]',
    ]);
    expect([error.stack, ...(stored?.stacktrace ?? [])].join()).not.toMatch(/planted|regular expression/);
  });

  test('sensitive values are scrubbed from what is stored, and forgotten fields are gone when the job has ended', async () => {
    const reset = defineJob({
      queue: 'email',
      name: 'reset',
      schema: z.object({ email: z.string(), token: z.string(), fail: z.boolean() }),
      sensitive: ['email', 'token'],
      retention: { forget: ['token'] },
      retry: { attempts: 1 },
    });
    const { client, facts, start, queue } = await setup([
      handle(reset, ({ email, token, fail }) => {
        if (fail) throw new Error(`could not mail ${email} about ${encodeURIComponent(token)}`);
      }),
    ]);
    const ended = Promise.all([facts.next('job.dead'), facts.next('job.succeeded')]);
    const data = { email: 'ada@example.com', token: 'se/cret token' };
    const [failing, fine] = await client.enqueueMany([reset({ ...data, fail: true }), reset({ ...data, fail: false })]);
    await start();
    const [died] = await ended;
    const stored = JSON.stringify([
      await (await queue('email')).getJob(failing?.id ?? ''),
      await client.job(failing?.id ?? ''),
    ]);
    expect(stored).toContain('could not mail [redacted]');
    expect(stored).not.toMatch(/se\/cret|se%2Fcret/);
    expect(`${died.error.message}${died.error.stack}`).not.toMatch(/ada@|se\/cret|se%2Fcret/);
    expect((await (await queue('email')).getJob(fine?.id ?? ''))?.data).toEqual({
      email: 'ada@example.com',
      fail: false,
    });
  });

  test('of a job that an older release queued nothing sensitive is stored, and nothing that was to be forgotten is kept', async () => {
    const v1 = defineJob({
      queue: 'email',
      name: 'reset',
      schema: z.object({ mail: z.string(), first: z.string(), last: z.string(), token: z.string() }),
    });
    const v2 = defineJob({
      queue: 'email',
      name: 'reset',
      version: 2,
      schema: z.object({ address: z.string(), person: z.string(), secret: z.string() }),
      upgrade: {
        1: data => {
          const { mail, first, last, token } = z.record(z.string(), z.string()).parse(data);
          return { address: mail, person: `${last}-${first}`, secret: token };
        },
      },
      sensitive: ['address', 'person', 'secret'],
      retention: { forget: ['secret'] },
      retry: { attempts: 1 },
    });
    const { client, facts, start, queue } = await setup([
      handle(v2, ({ address, person, secret }) => {
        throw new Error(`550 mailbox ${address} of ${person} unknown, token ${secret}`);
      }),
    ]);
    const died = facts.next('job.dead');
    const { id } = await client.enqueue(v1, { mail: 'ada@example.com', first: 'Ada', last: 'King', token: 'tok-123' });
    await start();
    const { error } = await died;
    expect(error.message).toBe('550 mailbox [redacted] of [redacted] unknown, token [redacted]');
    const stored = await (await queue('email')).getJob(id);
    expect(JSON.stringify([stored, await client.job(id)])).not.toMatch(/ada@|King|tok-123/);
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

  test.each([
    ['a NUL', 'a\0b', 'a\uFFFDb'],
    ['half of a surrogate pair', 'a\ud83d', 'a\uFFFD'],
  ])('%s in an error, a reason or a result does not keep a job from ending', async (_, words, kept) => {
    const say = defineJob({ queue: 'email', name: 'say', schema: text, retry: { attempts: 2, backoff: soon } });
    const fail = (): never => {
      throw Object.assign(new Error(words), { name: words });
    };
    const ways: Record<string, () => HandlerResult> = {
      fail,
      dead: () => dead(words),
      cancel: () => cancel(words),
      text: () => words,
      fields: () => ({ [words]: words }),
    };
    const { client, facts, start, queue } = await setup([handle(say, ({ text: way }) => ways[way]?.())]);
    await start();
    const ended = new Map<string, string>();
    const all = Promise.withResolvers<void>();
    const enter = (way: string, how: string): void => {
      if (ended.set(way, how).size === 5) all.resolve();
    };
    facts.on('job.dead', ({ fields }) => enter(fields.correlationId, `${fields.reason} ${fields.error.message}`));
    facts.on('job.cancelled', ({ fields }) => enter(fields.correlationId, `cancelled ${fields.reason}`));
    facts.on('job.succeeded', ({ fields }) => enter(fields.correlationId, 'succeeded'));
    const requests = Object.keys(ways).map(way => say({ text: way }, { correlationId: way }));
    const receipts = await client.enqueueMany(requests);
    await all.promise;
    expect(Object.fromEntries(ended)).toEqual({
      fail: `attempts-exhausted ${kept}`,
      dead: `said-by-handler JOB_DEAD: ${kept}`,
      cancel: `cancelled ${kept}`,
      text: 'succeeded',
      fields: 'succeeded',
    });
    const email = await queue('email');
    const stored = await Promise.all(receipts.map(({ id }) => email.getJob(id)));
    expect(await Promise.all(stored.map(job => job?.getState()))).toEqual([
      'failed',
      'failed',
      'failed',
      'completed',
      'completed',
    ]);
    for (const job of stored.slice(0, 3)) expect(job?.failedReason).toContain(kept);
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

  test('a stop lets a running job end and takes no other', async () => {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const work = defineJob({ queue: 'email', name: 'work', schema: text });
    const { client, start } = await setup([
      handle(work, () => {
        started.resolve();
        return gate.promise;
      }),
    ]);
    const [first, second] = await client.enqueueMany([work({ text: '1' }), work({ text: '2' })]);
    const host = await start({ concurrency: 1 });
    await started.promise;
    const stopped = host.stop(PATIENCE_MS);
    gate.resolve();
    await stopped;
    await expect(client.job(first?.id ?? '')).resolves.toMatchObject({ state: 'succeeded' });
    await expect(client.job(second?.id ?? '')).resolves.toMatchObject({ state: 'waiting', attemptsMade: 0 });
  });

  test('what cannot end within the grace goes back to the head of its queue, attempts untouched, and runs elsewhere', async () => {
    const order: string[] = [];
    let stubborn = true;
    const started = Promise.withResolvers<void>();
    const work = defineJob({ queue: 'email', name: 'work', schema: text });
    const { client, facts, start } = await setup([
      handle(work, async (data, run) => {
        order.push(`${data.text} attempt ${run.attempt}`);
        started.resolve();
        // Deaf to its signal: the host must not wait for it.
        if (stubborn) await new Promise(() => undefined);
      }),
    ]);
    await client.enqueueMany([work({ text: 'first' }), work({ text: 'second' })]);
    const host = await start({ concurrency: 1 });
    await started.promise;
    const handedBack = facts.next('job.handed-back');
    const stopping = host.stop(20_000);
    host.hurry();
    await stopping;
    await handedBack;
    stubborn = false;
    const done = facts.next('job.succeeded', () => order.length === 3);
    await start({ concurrency: 1 });
    await done;
    expect(order).toEqual(['first attempt 1', 'first attempt 1', 'second attempt 1']);
  });

  test('what a handler returns because it was told to stop costs its job nothing, as what it throws', async () => {
    const work = defineJob({ queue: 'email', name: 'work', schema: text, retry: { attempts: 1 } });
    const begun: string[] = [];
    const { client, facts, start } = await setup([
      handle(work, async (data, run) => {
        begun.push(data.text);
        await once(run.signal, 'abort');
        if (data.text === 'done') return { sent: true };
        if (data.text === 'snooze') return snooze('1d', 'told to stop');
        return retryAfter('10s', 'told to stop');
      }),
    ]);
    const receipts = await client.enqueueMany(['done', 'snooze', 'retry'].map(text => work({ text })));
    const host = await start({ concurrency: 3 });
    await waitFor('all to run', () => begun.length === 3);
    let back = 0;
    facts.on('job.handed-back', () => (back += 1));
    const stopping = host.stop(20_000);
    host.hurry();
    await stopping;
    expect(back).toBe(2);
    expect(await Promise.all(receipts.map(({ id }) => client.job(id)))).toMatchObject([
      { state: 'succeeded' },
      { state: 'waiting', attemptsMade: 0 },
      { state: 'waiting', attemptsMade: 0 },
    ]);
  });

  test('a run that is told to stop while nobody knows whether its effect happened is held for a person where its contract says so', async () => {
    const charge = defineJob({ queue: 'email', name: 'charge', schema: text, onDoubt: 'hold' });
    const again = defineJob({ queue: 'email', name: 'charge-again', schema: text });
    const begun: string[] = [];
    const work = async (data: { readonly text: string }, run: Run): Promise<never> => {
      begun.push(data.text);
      await once(run.signal, 'abort');
      throw new DeliveryError('unknown', 'The answer did not come.');
    };
    const { client, facts, start } = await setup([handle(charge, work), handle(again, work)]);
    await client.enqueueMany([charge({ text: 'hold' }), again({ text: 'again' })]);
    const host = await start({ concurrency: 2 });
    await waitFor('both to run', () => begun.length === 2);
    const [held, back] = [facts.next('job.dead'), facts.next('job.handed-back')];
    const stopping = host.stop(20_000);
    host.hurry();
    await stopping;
    expect(await held).toMatchObject({ jobName: 'charge', reason: 'in-doubt' });
    expect(await back).toMatchObject({ jobName: 'charge-again' });
  });

  test('a host without a handler for an assigned job is refused by name', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const { start } = await setup([], [greet]);
    await expect(start()).rejects.toThrow(InvalidConfigError);
    await expect(start()).rejects.toThrow('"greet"');
  });
});
