import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../tests/support/memory-case.ts';
import { defineJob, handle } from '../contracts/index.ts';
import { jobIdOf } from '../queue/index.ts';
import { createIdSource } from '../time/index.ts';
import { runTrial, text } from './run-trial.contract-suite.ts';

describe('jobs of another release', () => {
  const setup = runTrial(inMemory);

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

  test('of a job that an older release queued nothing sensitive is stored, and nothing that was to be forgotten is kept', async () => {
    const v1 = defineJob({
      queue: 'email',
      name: 'reset',
      schema: z.object({ mail: z.string(), first: z.string(), last: z.string(), token: z.string() }),
      retry: { attempts: 1 },
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
});
