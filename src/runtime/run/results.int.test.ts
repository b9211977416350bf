import { describe, expect, test } from 'vitest';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { workPlaces } from '../../../tests/support/work-place.ts';
import { defineJob, handle, type AnyJobContract, type Handler } from '../../contracts/index.ts';
import {
  ClientClosedError,
  ResultCancelledError,
  ResultDeadError,
  ResultExpiredError,
  ResultTimeoutError,
  ResultUnknownError,
  ResultUnreadableError,
} from '../../queue/index.ts';

const schema = z.object({ text: z.string() });
const result = z.object({ length: z.number() });
const measure = defineJob({ queue: 'email', name: 'measure', schema, result, retry: { attempts: 1 } });
/** What never comes must fail; nothing is measured. */
const PATIENT = { timeout: '60s' } as const;

describe.each(engineCases)('results on $kind', engineCase => {
  const place = workPlaces(engineCase);

  async function setup(handlers: readonly Handler[], jobs: readonly AnyJobContract[] = []) {
    const { another, facts, url, queue, start } = await place();
    return { client: another, facts, url, queue, start: () => start(handlers, jobs) };
  }

  test('whoever waits gets what the handler returned, and whoever asks afterwards, too', async () => {
    const { client, start } = await setup([handle(measure, ({ text }) => ({ length: text.length }))]);
    const [one, other] = [client(), client()];
    const waiting = one.enqueueAndWait(measure, { text: 'four' }, PATIENT);
    const { id } = await other.enqueue(measure, { text: 'sixsix' });
    const elsewhere = other.result(id, { ...PATIENT, contract: measure });
    await start();
    const value: { readonly length: number } = await waiting;
    expect(value).toEqual({ length: 4 });
    expect(await elsewhere).toEqual({ length: 6 });
    expect(await one.result(id)).toEqual({ length: 6 });
  });

  test('a result is kept although the job itself is gone', async () => {
    const contract = defineJob({ ...defined, name: 'gone', retention: { completed: 0 } });
    const { client, start, queue } = await setup([handle(contract, ({ text }) => ({ length: text.length }))]);
    const producer = client();
    await start();
    const { id } = await producer.enqueue(contract, { text: 'abc' });
    expect(await producer.result(id, { ...PATIENT, contract })).toEqual({ length: 3 });
    expect(await queue.getJobState(id)).toBe('unknown');
  });

  test('a job that ends otherwise says how: dead, cancelled, expired', async () => {
    const expiring = defineJob({ ...defined, name: 'expiring', expiresAfter: '1ms' });
    const { client, start } = await setup([
      handle(measure, ({ text }) => {
        throw new Error(`no ${text.length}`);
      }),
      handle(expiring, () => ({ length: 0 })),
    ]);
    const producer = client();
    const cancelled = await producer.enqueue(measure, { text: 'b' });
    await producer.cancel(cancelled.id, { reason: 'changed my mind' });
    const dead = producer.enqueueAndWait(measure, { text: 'a' }, PATIENT);
    const expired = producer.enqueueAndWait(expiring, { text: 'c' }, PATIENT);
    await Promise.all([
      start(),
      expect(dead).rejects.toThrow(expect.objectContaining({ code: 'RESULT_DEAD', reason: 'attempts-exhausted' })),
      expect(dead).rejects.toThrow('no 1'),
      expect(producer.result(cancelled.id, PATIENT)).rejects.toThrow(ResultCancelledError),
      expect(expired).rejects.toThrow(ResultExpiredError),
    ]);
  });

  test('a wait ends with its time, its signal or its client, and the job goes on', async () => {
    const { client, start } = await setup([handle(measure, ({ text }) => ({ length: text.length }))]);
    const [one, other] = [client(), client()];
    const { id } = await one.enqueue(measure, { text: 'abc' });
    await expect(one.result(id, { timeout: 1 })).rejects.toThrow(ResultTimeoutError);
    const given = new AbortController();
    const waiting = one.result(id, { ...PATIENT, signal: given.signal });
    given.abort(new Error('the request is gone'));
    await expect(waiting).rejects.toThrow('the request is gone');
    const closed = one.result(id, { timeout: PATIENT.timeout });
    await Promise.all([one.close(), expect(closed).rejects.toThrow(ClientClosedError)]);
    await start();
    expect(await other.result(id, { ...PATIENT, contract: measure })).toEqual({ length: 3 });
  });

  test.runIf(engineCase.kind === 'redis').each(['job', 'log'])(
    'one whose %s is damaged spoils no other wait',
    async what => {
      const { client, start, queue, url } = await setup([handle(measure, ({ text }) => ({ length: text.length }))]);
      const producer = client();
      const [damaged, fine] = await producer.enqueueMany([measure({ text: 'a' }), measure({ text: 'ab' })]);
      await queue.pause();
      const redis = new Redis(url);
      const key = `${queue.opts.prefix}:email:${damaged?.id}`;
      await redis.del(what === 'job' ? key : `${key}:logs`);
      await redis.set(what === 'job' ? key : `${key}:logs`, 'what another program keeps');
      redis.disconnect();
      const spoiled = producer.result(damaged?.id ?? '', PATIENT);
      const waiting = producer.result(fine?.id ?? '', PATIENT);
      await expect(spoiled).rejects.toThrow(ResultUnreadableError);
      await queue.resume();
      await start();
      expect(await waiting).toEqual({ length: 2 });
    },
  );

  test('what nobody queued has no result, and is said at once', async () => {
    const { client } = await setup([handle(measure, ({ text }) => ({ length: text.length }))]);
    const producer = client();
    await expect(producer.result('email-00000000000000000000-0000000000', PATIENT)).rejects.toThrow(ResultUnknownError);
    await expect(producer.result('nonsense', PATIENT)).rejects.toThrow(ResultUnknownError);
  });

  test('a result that does not fit makes the job dead at the first attempt, since its work is done', async () => {
    const again = defineJob({ ...defined, name: 'again', retry: { attempts: 5 } });
    let runs = 0;
    const { client, start } = await setup([
      // @ts-expect-error the contract promises a length
      handle(again, () => {
        runs += 1;
        return { size: 3 };
      }),
    ]);
    await start();
    const waiting = client().enqueueAndWait(again, { text: 'abc' }, PATIENT);
    await expect(waiting).rejects.toThrow(ResultDeadError);
    await expect(waiting).rejects.toThrow('RESULT_INVALID');
    expect(runs).toBe(1);
  });

  test('values of sensitive fields are scrubbed from a result; what the contract cannot read then is said', async () => {
    const loose = defineJob({ ...defined, name: 'loose', result: z.object({ to: z.string() }), sensitive: ['text'] });
    const strict = defineJob({ ...defined, name: 'strict', result: z.object({ to: z.email() }), sensitive: ['text'] });
    const { client, start, queue } = await setup([
      handle(loose, ({ text }) => ({ to: `mail to ${text}` })),
      handle(strict, ({ text }) => ({ to: text })),
    ]);
    await start();
    const producer = client();
    const { id } = await producer.enqueue(loose, { text: 'ada@private.example' });
    const shown = await producer.result(id, { ...PATIENT, contract: loose });
    expect(shown.to).toMatch(/^mail to \[/);
    expect(JSON.stringify((await queue.getJob(id))?.returnvalue)).not.toContain('private');
    const hidden = producer.enqueueAndWait(strict, { text: 'ada@private.example' }, PATIENT);
    await expect(hidden).rejects.toThrow(ResultUnreadableError);
    await expect(hidden).rejects.not.toThrow('private');
  });

  test('without a result schema whoever waits is told as well, and a thousand who wait for one job ask once', async () => {
    const plain = defineJob({ queue: 'email', name: 'plain', schema });
    const { client, start } = await setup([handle(plain, ({ text }) => text.length)]);
    const producer = client();
    const { id } = await producer.enqueue(plain, { text: 'abc' });
    const waiting = Array.from({ length: 1_000 }, () => producer.result(id, { timeout: PATIENT.timeout }));
    await start();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([3]));
  });
});

const defined = { queue: 'email', schema, result } as const;
