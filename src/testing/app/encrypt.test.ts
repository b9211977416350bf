import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, flow, handle, InvalidContractError, type Run } from '../../contracts/index.ts';
import { fixed } from '../../resilience/index.ts';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { openEngine } from '../../engine/index.ts';
import { Facts } from '../../facts/index.ts';
import { clientOn } from '../../queue/index.ts';
import { createWorkerHost } from '../../runtime/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const schema = z.strictObject({ user: z.string(), token: z.string() });
const result = z.strictObject({ link: z.string() });
const reset = defineJob({
  queue: 'email',
  name: 'reset',
  schema,
  encrypt: ['token'],
  result,
  retry: { attempts: 2, backoff: fixed('1m') },
  onDead: ({ data }) => told({ user: 'ops', token: data?.token ?? 'unread' }),
});
const told = defineJob({ queue: 'email', name: 'told', schema, encrypt: ['token'] });
const last = defineJob({
  queue: 'email',
  name: 'last',
  schema,
  encrypt: ['token'],
  key: { of: ({ user }) => [user], keep: 'last' },
});
const gathered = defineJob({ queue: 'email', name: 'gathered', schema, encrypt: ['token'], chunk: { maxWait: 0 } });
const parent = defineJob({ queue: 'email', name: 'parent', schema });
const data = { user: 'u1', token: 'hunter2' };

describe('fields that a contract encrypts', () => {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  /** What the handlers were given, by contract; `work` is the handler of `reset`. */
  function setup(work: (given: typeof data, run: Run) => unknown = () => undefined) {
    const seen: [string, unknown][] = [];
    const app = defineApp({
      jobs: [reset, told, last, gathered, parent],
      handlers: [
        handle(reset, async (given, run) => {
          seen.push(['reset', given]);
          await work(given, run);
          return { link: `of ${given.user}` };
        }),
        handle(told, given => void seen.push(['told', given])),
        handle(last, given => void seen.push(['last', given])),
        handle(gathered, items => void seen.push(['gathered', items])),
        handle(parent, async (_, run) => {
          seen.push(['parent', [await run.children.all(), await run.children.results(reset)]]);
        }),
      ],
    });
    const kit = createTestApp(app);
    open.push(kit);
    return { kit, seen };
  }

  test('reach the handler and whoever waits for the result as they were, and the test sees what was enqueued', async () => {
    const { kit, seen } = setup();
    const { id } = await kit.client.enqueue(reset, data);
    await kit.drain();
    expect(seen).toEqual([['reset', data]]);
    expect(kit.dataOf(reset)).toEqual([data]);
    expect(await kit.client.result(id, { contract: reset })).toEqual({ link: 'of u1' });
    expect(await kit.client.result(id)).toEqual({ link: 'of u1' });
    expect((await kit.client.job(id))?.result).toBe('[encrypted]');
  });

  test('of an update, of the last call of a key, of chunks and of what an outbox brings reach it, too', async () => {
    const { kit, seen } = setup();
    const { id } = await kit.client.enqueue(reset, data, { delay: '1h', idempotencyKey: 'k' });
    await kit.client.update(id, { contract: reset, data: { user: 'u1', token: 'other' }, at: kit.now });
    // The key knows the data that it carries now.
    const again = await kit.client.enqueue(reset, { user: 'u1', token: 'other' }, { idempotencyKey: 'k' });
    expect(again).toMatchObject({ id, deduplicated: true });
    for (const token of ['a', 'b']) await kit.client.enqueue(last, { user: 'u1', token });
    await Promise.all(['a', 'b'].map(token => kit.client.enqueue(gathered, { user: 'u1', token })));
    await kit.transaction(tx => kit.outbox.enqueue(tx, told, data));
    await kit.drain();
    expect(new Map(seen)).toEqual(
      new Map<string, unknown>([
        ['reset', { user: 'u1', token: 'other' }],
        ['last', { user: 'u1', token: 'b' }],
        [
          'gathered',
          [
            { user: 'u1', token: 'a' },
            { user: 'u1', token: 'b' },
          ],
        ],
        ['told', data],
      ]),
    );
  });

  test('a key tells the same data from other data, though no two encryptions are alike', async () => {
    const { kit } = setup();
    const first = await kit.client.enqueue(reset, data, { idempotencyKey: 'k' });
    expect(await kit.client.enqueue(reset, data, { idempotencyKey: 'k' })).toMatchObject({
      id: first.id,
      deduplicated: true,
    });
    const other = kit.client.enqueue(reset, { ...data, token: 'x' }, { idempotencyKey: 'k' });
    await expect(other).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    const batch = {
      name: 'b',
      jobs: [told(data)],
      onComplete: told({ user: 'u2', token: 'done' }),
      idempotencyKey: 'b',
    };
    const { id } = await kit.client.batch(batch);
    expect((await kit.client.batch(batch)).id).toBe(id);
  });

  test('of what a batch calls back, and of what follows from a death, reach the handler', async () => {
    const { kit, seen } = setup(() => {
      throw new Error('no mail server for hunter2');
    });
    await kit.client.batch({ name: 'b', jobs: [reset(data)], onComplete: told({ user: 'u2', token: 'done' }) });
    await kit.advance('5m');
    expect(seen.filter(([name]) => name === 'told')).toEqual(
      expect.arrayContaining([
        ['told', { user: 'ops', token: 'hunter2' }],
        ['told', { user: 'u2', token: 'done' }],
      ]),
    );
    expect(kit.runs.find(({ outcome }) => outcome === 'dead')?.error?.message).toBe('no mail server for [redacted]');
  });

  test('of a dead letter run again, as it is and with other data', async () => {
    let fails = true;
    const { kit, seen } = setup(() => {
      if (fails) throw new Error('not now');
    });
    const [one, two] = [
      await kit.client.enqueue(reset, data),
      await kit.client.enqueue(reset, { ...data, user: 'u2' }),
    ];
    await kit.advance('5m');
    fails = false;
    seen.length = 0;
    await kit.client.replay(one.id);
    const changed = await kit.client.replay(two.id, { contract: reset, data: { user: 'u2', token: 'other' } });
    expect(changed.replayOf).toBe(two.id);
    await kit.drain();
    expect(seen).toEqual(
      expect.arrayContaining([
        ['reset', data],
        ['reset', { user: 'u2', token: 'other' }],
      ]),
    );
  });

  test('steps and effects give back what they have stored, secrets included', async () => {
    let done = 0;
    const given: unknown[] = [];
    const { kit } = setup(async ({ token }, run) => {
      const work = (): string => `${(done += 1)} ${token}`;
      given.push(await run.step('make', work), await run.once('send', work));
      if (run.attempt === 1) throw new Error('again');
    });
    await kit.client.enqueue(reset, data);
    await kit.advance('5m');
    expect(given).toEqual(['1 hunter2', '2 hunter2', '1 hunter2', '2 hunter2']);
  });

  test('that were encrypted when their jobs ran are read once the contract encrypts no more, results, steps and effects too', async () => {
    const { url, namespace } = await inMemory.open();
    const secrets = { payloadKeys: `k:${randomBytes(32).toString('base64')}` };
    const common = {
      queue: 'email',
      name: 'reset',
      schema,
      result,
      retry: { attempts: 1 },
      sensitive: ['token'],
    } as const;
    const [before, after] = [defineJob({ ...common, encrypt: ['token'] }), defineJob(common)];
    const client = clientOn(openEngine({ url, namespace, role: 'producer', secrets }), new Facts());
    const given: unknown[] = [];
    const release = async (contract: typeof after, isNew: boolean) => {
      const app = defineApp({
        jobs: [contract],
        handlers: [
          handle(contract, async ({ user, token }, run) => {
            given.push(await run.step('make', () => `made of ${token}`), await run.once(user, () => 'sent'));
            // A name is stored as it is.
            if (isNew) await run.step(`tell ${token}`, () => undefined);
            if (user === 'fails') throw new Error('not now');
            return { link: `of ${token}` };
          }),
        ],
      });
      const engine = openEngine({ url, namespace, role: 'worker', secrets });
      const host = createWorkerHost({ app, engine, facts: new Facts() });
      await host.start();
      return () => host.stop(2_000);
    };
    const stop = await release(before, false);
    const [done, dead] = await client.enqueueMany([
      before({ user: 'done', token: 'hunter2' }),
      before({ user: 'fails', token: 'hunter2' }),
    ]);
    const isDead = async (): Promise<boolean> => (await client.job(dead?.id ?? ''))?.state === 'dead';
    await client.result(done?.id ?? '');
    await waitFor('the death', isDead);
    await stop();
    given.length = 0;
    const end = await release(after, true);
    expect(await client.result(done?.id ?? '', { contract: after })).toEqual({ link: 'of [redacted]' });
    await client.replay(dead?.id ?? '', { contract: after });
    await waitFor('another death', async () => given.length > 0 && (await isDead()));
    expect(given).toEqual(['made of hunter2', 'sent']);
    const { skips } = await client.replay(dead?.id ?? '', { contract: after });
    expect(skips.toSorted()).toEqual(['make', 'tell [redacted]']);
    await end();
    await client.close();
  });

  test('a parent gets the results of its children', async () => {
    const { kit, seen } = setup();
    await kit.client.flow(flow(parent({ user: 'p', token: 'plain' }), [reset(data)]));
    await kit.drain();
    const [, given] = seen.find(([name]) => name === 'parent') ?? [];
    expect(given).toMatchObject([[{ state: 'succeeded', result: { link: 'of u1' } }], [{ link: 'of u1' }]]);
  });
});

describe('a contract that encrypts', () => {
  test('makes its fields sensitive, each once, and leaves out what is a part of another', () => {
    const nested = defineJob({
      queue: 'email',
      name: 'nested',
      schema: z.object({ address: z.object({ street: z.string() }), token: z.string() }),
      sensitive: ['token'],
      encrypt: ['address', 'address.street', 'token', 'token'],
    });
    expect(nested.encrypt).toEqual(['address', 'token']);
    expect(nested.sensitive).toEqual(['token', 'address']);
  });

  test.each([
    ['a text in place of a list', { encrypt: 'token' as never }, 'to be a list of fields'],
    ['a path that leads nowhere', { encrypt: ['token.'] as never }, 'path of a field'],
    ['a public field of the data', { encrypt: ['token'], publicFields: ['data.token'] } as const, 'that is sensitive'],
    [
      'a public result',
      { encrypt: ['token'], result, publicFields: ['result.link'] } as const,
      'no result in publicFields',
    ],
    [
      'to forget a part of a field that is stored as one text',
      { schema: z.object({ a: z.object({ b: z.string() }) }), encrypt: ['a'], retention: { forget: ['a.b'] } } as never,
      'retention.forget to name "a", got "a.b"',
    ],
  ])('refuses %s', (_, wrong, said) => {
    const define = () => defineJob({ queue: 'email', name: 'wrong', schema, ...wrong });
    expect(define).toThrow(InvalidContractError);
    expect(define).toThrow(said);
  });

  test('takes no field that its data does not have', () => {
    // @ts-expect-error the schema has no such field
    expect(() => defineJob({ queue: 'email', name: 'typed', schema, encrypt: ['tokn'] })).not.toThrow();
  });
});
