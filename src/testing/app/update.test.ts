import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle, InvalidPayloadError, snooze } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { fixed } from '../../resilience/index.ts';
import { IdempotencyConflictError, UpdateRefusedError } from '../../queue/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const remind = defineJob({
  queue: 'email',
  name: 'remind',
  version: 2,
  upgrade: { 1: (data: unknown) => data },
  schema: z.strictObject({ to: z.string(), text: z.string() }),
  key: ({ to }) => [to],
  retry: { attempts: 3, backoff: fixed('10m') },
  expiresAfter: '1d',
});
const plain = defineJob({ queue: 'email', name: 'plain', schema: z.strictObject({ n: z.number() }) });

const said: unknown[] = [];
const app = defineApp({
  jobs: [remind, plain],
  handlers: [
    handle(remind, data => {
      if (data.text === 'fail') throw new Error('no such mailbox');
      if (data.text === 'snooze') return snooze('1h', 'later');
      said.push(data);
      return undefined;
    }),
    handle(plain, ({ n }) => void said.push(n)),
  ],
});

describe('an update of a job that waits', () => {
  const open: TestApp[] = [];
  const opened = () => {
    const made = createTestApp(app);
    open.push(made);
    return made;
  };
  afterEach(async () => {
    said.splice(0);
    for (const each of open.splice(0)) await each.close();
  });
  const reasonOf = async (updating: Promise<unknown>): Promise<string> => {
    const error = await updating.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UpdateRefusedError);
    return error instanceof UpdateRefusedError ? error.reason : '';
  };

  test('gives it other data, another time and another priority, and it keeps its id', async () => {
    const it = opened();
    const { client } = it;
    const { id } = await client.enqueue(remind, { to: 'ann', text: 'old' }, { delay: '5m' });
    const seen: unknown[] = [];
    client.facts.on('job.updated', ({ fields }) => seen.push(fields));
    const at = new Date(it.now.getTime() + 3_600_000);
    const updated = await client.update(id, { contract: remind, data: { to: 'ann', text: 'new' }, at });
    expect(updated).toEqual({ id, name: 'remind', queue: 'email' });
    expect(seen).toEqual([{ jobId: id, jobName: 'remind', queue: 'email', changed: ['data', 'at'] }]);
    await it.advance('30m');
    expect(said).toEqual([]);
    expect(await client.job(id)).toMatchObject({ state: 'delayed', waitsFor: { for: 'time', until: at.getTime() } });
    await it.advance('30m');
    expect(said).toMatchObject([{ to: 'ann', text: 'new' }]);
  });

  test('a repeat of the call that queued it is compared with the data that it has now', async () => {
    const { client } = opened();
    const { id } = await client.enqueue(remind, { to: 'ann', text: 'old' });
    await client.update(id, { contract: remind, data: { to: 'ann', text: 'new' } });
    expect(await client.enqueue(remind, { to: 'ann', text: 'new' })).toMatchObject({ id, deduplicated: true });
    await expect(client.enqueue(remind, { to: 'ann', text: 'old' })).rejects.toThrow(IdempotencyConflictError);
    const { id: called } = await client.enqueue(plain, { n: 1 }, { idempotencyKey: 'request' });
    await client.update(called, { contract: plain, data: { n: 2 } });
    expect(await client.enqueue(plain, { n: 2 }, { idempotencyKey: 'request' })).toMatchObject({ id: called });
    await expect(client.enqueue(plain, { n: 1 }, { idempotencyKey: 'request' })).rejects.toThrow(
      IdempotencyConflictError,
    );
  });

  test('a client that knows its app finds the contract by the name of the job; one that does not asks for it', async () => {
    const it = opened();
    const { client } = it;
    const { id } = await client.enqueue(plain, { n: 1 });
    await client.update(id, { data: { n: 2 }, priority: 'high' });
    await expect(client.update(id, { data: { n: 'two' } })).rejects.toThrow(InvalidPayloadError);
    await it.drain();
    expect(said).toEqual([2]);
  });

  test('one between two attempts runs at once, or with the data that was wrong put right', async () => {
    const it = opened();
    const { client } = it;
    const { id } = await client.enqueue(remind, { to: 'ann', text: 'fail' });
    await it.drain();
    expect(await client.job(id)).toMatchObject({ state: 'delayed', attemptsMade: 1 });
    await client.update(id, { contract: remind, data: { to: 'ann', text: 'right' }, at: new Date(0) });
    await it.drain();
    expect(said).toMatchObject([{ text: 'right' }]);
  });

  test('is refused, by a reason, where there is nothing that waits', async () => {
    const it = opened();
    const { client } = it;
    const data = { to: 'ann', text: 'other' };
    const { id } = await client.enqueue(remind, { to: 'ann', text: 'snooze' });
    expect(await reasonOf(client.update(id, { contract: remind, data: { to: 'bob', text: '' } }))).toBe('other-key');
    expect(await reasonOf(client.update(id, { contract: plain, data: { n: 1 } }))).toBe('other-contract');
    expect(await reasonOf(client.update('nobody', { priority: 'low' }))).toBe('unknown');
    expect(await reasonOf(client.update(`${id.slice(0, -1)}_`, { priority: 'low' }))).toBe('unknown');
    const missing = id.slice(0, -3) + (id.endsWith('000') ? '111' : '000');
    expect(await reasonOf(client.update(missing, { priority: 'low' }))).toBe('unknown');
    await it.drain();
    await client.update(id, { contract: remind, data });
    await client.cancel(id);
    expect(await reasonOf(client.update(id, { contract: remind, data }))).toBe('cancelled');
    await it.drain();
    expect(await reasonOf(client.update(id, { contract: remind, data }))).toBe('ended');
  });

  test('refuses what is out of range, before anything is asked', async () => {
    const { client, now } = opened();
    const { id } = await client.enqueue(remind, { to: 'ann', text: 'old' });
    const inTwoDays = new Date(now.getTime() + 2 * 86_400_000);
    await expect(client.update(id, { contract: remind, at: inTwoDays })).rejects.toThrow('expired before it starts');
    await expect(client.update(id, {})).rejects.toThrow('data, at or priority');
    for (const wrong of [
      { at: 'tomorrow' },
      { at: new Date(Number.NaN) },
      { priority: 'urgent' },
      { prio: 'low' },
      null,
    ]) {
      await expect(Reflect.apply(client.update, client, [id, wrong])).rejects.toThrow(InvalidOptionsError);
    }
  });

  test('does not compile with data of another contract', () => {
    const never = (): unknown => {
      const { client } = opened();
      return [
        // @ts-expect-error the contract says what its data is
        client.update('id', { contract: remind, data: { n: 1 } }),
        // @ts-expect-error a time is a Date
        client.update('id', { at: '2026-11-29' }),
        // @ts-expect-error there are three priorities
        client.update('id', { priority: 'urgent' }),
      ];
    };
    expect(never).toBeTypeOf('function');
  });
});
