import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { cancel, dead, defineJob, handle, snooze, type HandlerResult } from '../contracts/index.ts';
import { jobIdOf } from '../queue/index.ts';
import { fixed } from '../resilience/index.ts';
import { createIdSource } from '../time/index.ts';
import { runTrial, soon, text } from './run-trial.contract-suite.ts';

/** What a run leaves on each engine. What is decided about it is in runs.test.ts, releases.test.ts and stops.test.ts. */
describe.each(engineCases)('jobs on $kind', engineCase => {
  const setup = runTrial(engineCase);

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

  test('a quiet host begins no job, ends what it runs, and takes jobs again once it is resumed', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: text });
    const gate = Promise.withResolvers<void>();
    const { client, facts, start } = await setup([
      handle(greet, ({ text: word }) => (word === 'long' ? gate.promise : undefined)),
    ]);
    const host = await start();
    const begun = facts.next('job.started');
    await client.enqueue(greet, { text: 'long' });
    await begun;
    host.quiet(true);
    const { id } = await client.enqueue(greet, { text: 'short' });
    const ended = facts.next('job.succeeded');
    gate.resolve();
    // Its end is written by a turn, which takes as many as it may.
    await ended;
    expect(host.figures()).toMatchObject({ running: 0, quiet: true });
    expect(await client.job(id)).toMatchObject({ state: 'waiting' });
    const resumed = facts.next('job.succeeded');
    host.quiet(false);
    expect(await resumed).toMatchObject({ jobId: id });
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

  test('broken JSON in the queue is dead at once, also for a contract that would take an empty object', async () => {
    const greet = defineJob({ queue: 'email', name: 'greet', schema: z.object({ text: z.string().optional() }) });
    const { client, facts, start, breakJson } = await setup([handle(greet, () => undefined)]);
    const { id } = await client.enqueue(greet, { text: 'a' });
    await breakJson(id);
    const died = facts.next('job.dead');
    await start();
    await expect(died).resolves.toMatchObject({ jobId: id, reason: 'undecodable', attempt: 1 });
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
});
