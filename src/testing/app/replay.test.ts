import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { dead, defineApp, defineJob, flow, handle, InvalidPayloadError } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { IdempotencyConflictError, ReplayRefusedError } from '../../queue/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const remind = defineJob({
  queue: 'email',
  name: 'remind',
  version: 2,
  upgrade: { 1: (data: unknown) => data },
  schema: z.strictObject({ to: z.string(), text: z.string() }),
  key: { of: ({ to }) => [to], for: '1d' },
  sensitive: ['to'],
  expiresAfter: '1d',
  tags: ({ text }) => ({ text }),
  publicTags: ['text'],
});
const plain = defineJob({ queue: 'email', name: 'plain', schema: z.strictObject({ n: z.number() }) });
const told = defineJob({ queue: 'email', name: 'told', schema: z.strictObject({ what: z.string() }) });

const said: unknown[] = [];
const steps: string[] = [];
let healed = false;
const app = defineApp({
  jobs: [remind, plain, told],
  handlers: [
    handle(remind, async ({ to, text }, run) => {
      await run.step(`charge ${to}`, () => void steps.push('charge'));
      if (text === 'wrong' && !healed) return dead('no such mailbox');
      said.push(text);
      return undefined;
    }),
    handle(plain, ({ n }) => (n < 0 && !healed ? dead('below zero') : void said.push(n))),
    handle(told, ({ what }) => void said.push(what)),
  ],
});

describe('a replay of a job that has ended', () => {
  const open: TestApp[] = [];
  const opened = () => {
    const made = createTestApp(app);
    open.push(made);
    return made;
  };
  afterEach(async () => {
    said.splice(0);
    steps.splice(0);
    healed = false;
    for (const each of open.splice(0)) await each.close();
  });
  const refusalOf = async (replaying: Promise<unknown>): Promise<ReplayRefusedError> => {
    const error = await replaying.catch((cause: unknown) => cause);
    if (!(error instanceof ReplayRefusedError)) throw error;
    return error;
  };
  const deadOne = async (it: TestApp, text = 'wrong'): Promise<string> => {
    const { id } = await it.client.enqueue(remind, { to: 'ann', text });
    await it.drain();
    expect(await it.client.job(id)).toMatchObject({ state: 'dead' });
    return id;
  };

  test('as it is keeps its id and its steps, and says which of them it will not do again', async () => {
    const it = opened();
    const id = await deadOne(it);
    const replayed: unknown[] = [];
    it.client.facts.on('job.replayed', ({ fields }) => replayed.push(fields));
    healed = true;
    const same = { contract: remind, data: { text: 'wrong', to: 'ann' }, by: 'ops' };
    expect(await it.client.replay(id, same)).toEqual({
      id,
      name: 'remind',
      queue: 'email',
      replayOf: undefined,
      skips: ['charge [redacted]'],
    });
    expect(replayed).toEqual([{ jobId: id, jobName: 'remind', queue: 'email', by: 'ops' }]);
    await it.drain();
    expect(said).toEqual(['wrong']);
    expect(steps).toEqual(['charge']);
    expect(await it.client.job(id)).toMatchObject({ state: 'succeeded', attemptsMade: 1 });
  });

  test('with other data is a new job that names it, has its history, and does its own steps', async () => {
    const it = opened();
    const id = await deadOne(it);
    const facts: unknown[] = [];
    it.client.facts.on('job.replayed', ({ fields }) => facts.push(fields));
    const made = await it.client.replay(id, { contract: remind, data: { to: 'ann', text: 'right' }, by: 'ops' });
    expect(made).toMatchObject({ name: 'remind', queue: 'email', replayOf: id, skips: [] });
    expect(made.id).not.toBe(id);
    expect(facts).toMatchObject([{ jobId: id, as: made.id, by: 'ops' }]);
    const tags = [{ name: 'text', value: 'right' }];
    expect(await it.client.job(made.id)).toMatchObject({ state: 'waiting', replayOf: id, correlationId: id, tags });
    expect(await it.client.job(id)).toBeUndefined();
    expect((await it.client.find({ tag: { text: 'right' } })).jobs.map(job => job.id)).toEqual([made.id]);
    await it.drain();
    expect(said).toEqual(['right']);
    expect(steps).toEqual(['charge', 'charge']);
    expect(await it.client.job(made.id)).toMatchObject({ state: 'succeeded', attemptsMade: 1 });
  });

  test('takes its place in the key, and is refused where a newer job has that, which it names', async () => {
    const it = opened();
    const id = await deadOne(it);
    const right = { contract: remind, data: { to: 'ann', text: 'right' } };
    const { id: newer } = await it.client.enqueue(remind, { to: 'ann', text: 'newer' }, { delay: '1h' });
    for (const how of [{}, right]) {
      expect(await refusalOf(it.client.replay(id, how))).toMatchObject({ reason: 'key-held', otherId: newer });
    }
    await it.client.cancel(newer);
    await it.drain();
    const made = await it.client.replay(id, right);
    await expect(it.client.enqueue(remind, { to: 'ann', text: 'right' })).resolves.toMatchObject({ id: made.id });
    await expect(it.client.enqueue(remind, { to: 'ann', text: 'wrong' })).rejects.toThrow(IdempotencyConflictError);
    await it.drain();
    await expect(it.client.enqueue(remind, { to: 'ann', text: 'right' })).resolves.toMatchObject({ id: made.id });
    await it.advance('2d');
    await expect(it.client.enqueue(remind, { to: 'ann', text: 'right' })).resolves.toMatchObject({
      deduplicated: false,
    });
  });

  test("a caller's key stands for the new job and its data from then on", async () => {
    const it = opened();
    const { id } = await it.client.enqueue(plain, { n: -1 }, { idempotencyKey: 'request' });
    await it.drain();
    const made = await it.client.replay(id, { contract: plain, data: { n: 1 } });
    const again = (n: number) => it.client.enqueue(plain, { n }, { idempotencyKey: 'request' });
    expect(await again(1)).toMatchObject({ id: made.id, deduplicated: true });
    await expect(again(-1)).rejects.toThrow(IdempotencyConflictError);
  });

  test('takes its place in a batch, which succeeds when it does', async () => {
    const it = opened();
    const { id: batch, jobs } = await it.client.batch({
      name: 'numbers',
      jobs: [plain({ n: 1 }), plain({ n: -1 })],
      onSuccess: told({ what: 'success' }),
      onDeath: told({ what: 'death' }),
    });
    await it.drain();
    expect(said).toEqual([1, 'death']);
    const made = await it.client.replay(jobs[1]?.id ?? '', { data: { n: 2 } });
    expect(await it.client.batchView(batch)).toMatchObject({ open: 1, total: 2, ended: { succeeded: 1, dead: 0 } });
    expect(await it.client.job(made.id)).toMatchObject({ batch });
    await it.drain();
    expect(said).toEqual([1, 'death', 2, 'success']);
    expect(await it.client.batchView(batch)).toMatchObject({ open: 0, total: 2, ended: { succeeded: 2 } });
  });

  test('one that has succeeded stays beside the new one, which is made once', async () => {
    const it = opened();
    const { id } = await it.client.enqueue(plain, { n: 1 });
    await it.drain();
    const made = await it.client.replay(id, { data: { n: 2 } });
    expect(await it.client.replay(id, { data: { n: 2 } })).toEqual(made);
    expect(await refusalOf(it.client.replay(id, { data: { n: 3 } }))).toMatchObject({
      reason: 'replayed',
      otherId: made.id,
    });
    await it.drain();
    expect(said).toEqual([1, 2]);
    expect(await it.client.replay(id)).toMatchObject({ id });
    await it.drain();
    expect(said).toEqual([1, 2, 1]);
  });

  test('of two who replay it at once one does, and the other is told', async () => {
    const it = opened();
    const id = await deadOne(it);
    const ways = ['right', 'other'].map(text => it.client.replay(id, { data: { to: 'ann', text } }));
    const settled = await Promise.allSettled(ways);
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await it.drain();
    expect(said).toHaveLength(1);
  });

  test('one that was cancelled or has expired runs with its data given anew', async () => {
    const it = opened();
    const { id: cancelled } = await it.client.enqueue(plain, { n: 5 }, { delay: '1h' });
    await it.client.cancel(cancelled);
    await it.drain();
    expect(await it.client.replay(cancelled)).toMatchObject({ id: cancelled });
    await it.drain();
    expect(said).toEqual([5]);
    const id = await deadOne(it);
    await it.advance('2d');
    expect(await refusalOf(it.client.replay(id))).toMatchObject({ reason: 'expired' });
    await it.client.replay(id, { data: { to: 'ann', text: 'late' } });
    await it.drain();
    expect(said).toEqual([5, 'late']);
  });

  test('is refused, by a reason, where there is nothing that has ended or its place would be another', async () => {
    const it = opened();
    const { client } = it;
    const { id: waiting } = await client.enqueue(plain, { n: 1 }, { delay: '1h' });
    expect(await refusalOf(client.replay(waiting))).toMatchObject({ reason: 'open' });
    expect(await refusalOf(client.replay('nobody'))).toMatchObject({ reason: 'unknown' });
    const missing = waiting.slice(0, -3) + (waiting.endsWith('000') ? '111' : '000');
    expect(await refusalOf(client.replay(missing))).toMatchObject({ reason: 'unknown' });
    const id = await deadOne(it);
    const other = { contract: remind, data: { to: 'bob', text: 'right' } };
    expect(await refusalOf(client.replay(id, other))).toMatchObject({ reason: 'other-key' });
    expect(await refusalOf(client.replay(id, { contract: plain, data: { n: 1 } }))).toMatchObject({
      reason: 'other-contract',
    });
    await expect(client.replay(id, { data: { to: 'ann' } })).rejects.toThrow(InvalidPayloadError);
    for (const wrong of [{ data: 1, why: 'x' }, { by: 7 }, { contract: 'remind' }, null]) {
      await expect(Reflect.apply(client.replay, client, [id, wrong])).rejects.toThrow(InvalidOptionsError);
    }
    expect(await client.job(id)).toMatchObject({ state: 'dead' });
  });

  test('a child of a flow runs again as it is, and with no other data', async () => {
    const it = opened();
    const made = await it.client.flow(flow(told({ what: 'parent' }), [plain({ n: -1 })], { onChildFailure: 'wait' }));
    await it.drain();
    const child = made.children[0]?.id ?? '';
    expect(await refusalOf(it.client.replay(child, { data: { n: 1 } }))).toMatchObject({ reason: 'in-flow' });
    healed = true;
    await it.client.replay(child);
    await it.drain();
    expect(said).toEqual([-1, 'parent']);
  });

  test('does not compile with data of another contract', () => {
    const never = (): unknown => {
      const { client } = opened();
      return [
        // @ts-expect-error the contract says what its data is
        client.replay('id', { contract: remind, data: { n: 1 } }),
        // @ts-expect-error who asks is a text
        client.replay('id', { by: 1 }),
      ];
    };
    expect(never).toBeTypeOf('function');
  });
});
