import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { createTestApp, type TestApp } from '../index.ts';

const schema = z.strictObject({ n: z.number() });
const letter = defineJob({ queue: 'email', name: 'letter', schema, limits: [{ name: 'tenant', concurrency: 9 }] });
const card = defineJob({ queue: 'email', name: 'card', schema });
const call = defineJob({ queue: 'phone', name: 'call', schema });
const ran: string[] = [];
const app = defineApp({
  jobs: [letter, card, call],
  handlers: [letter, card, call].map(contract => handle(contract, ({ n }) => void ran.push(`${contract.name} ${n}`))),
});

describe('a pause', () => {
  const open: TestApp[] = [];
  const opened = (): TestApp => {
    const made = createTestApp(app);
    open.push(made);
    return made;
  };
  afterEach(async () => {
    ran.splice(0);
    for (const each of open.splice(0)) await each.close();
  });

  test('of a contract begins none of its jobs, spends no attempt, and lets others of its queue go on, also those behind many', async () => {
    const it = opened();
    const { client } = it;
    await client.pause({ contract: letter }, { by: 'ann', reason: 'the template is wrong' });
    const receipts = await client.enqueueMany(Array.from({ length: 300 }, (_, n) => letter({ n })));
    await client.enqueue(card, { n: 1 });
    await it.drain();
    expect(ran).toEqual(['card 1']);
    const view = await client.job(receipts[0]?.id ?? '');
    expect(view).toMatchObject({
      state: 'waiting',
      attemptsMade: 0,
      waitsFor: {
        for: 'pause',
        of: { queue: 'email', contract: 'letter' },
        kind: 'person',
        by: 'ann',
        reason: 'the template is wrong',
        since: it.now.getTime(),
      },
    });
    await client.resume({ contract: letter });
    await it.drain();
    expect(ran).toHaveLength(301);
    expect(ran.slice(1, 4)).toEqual(['letter 0', 'letter 1', 'letter 2']);
    expect(await client.pauses()).toEqual([]);
  });

  test('of a queue begins nothing of it; other queues go on', async () => {
    const it = opened();
    const { client } = it;
    await client.pause({ queue: 'email' });
    const { id } = await client.enqueue(letter, { n: 1 });
    await client.enqueue(call, { n: 2 });
    await it.drain();
    expect(ran).toEqual(['call 2']);
    expect(await client.job(id)).toMatchObject({ waitsFor: { for: 'pause', of: { queue: 'email' }, by: 'producer' } });
    await client.resume({ queue: 'email' });
    await it.drain();
    expect(ran).toEqual(['call 2', 'letter 1']);
  });

  test('is listed with who did it, when and why; of a group in every queue of the app', async () => {
    const it = opened();
    const { client } = it;
    const said: unknown[] = [];
    for (const name of ['work.paused', 'work.resumed'] as const) {
      client.facts.on(name, ({ fields }) => said.push({ name, ...fields }));
    }
    await client.pause({ group: 'tenant=t1' }, { by: 'ann', reason: 'x'.repeat(1_000) });
    await client.pause({ group: 'tenant', queue: 'phone' });
    const since = it.now.getTime();
    const reason = 'x'.repeat(500);
    const pauses = await client.pauses();
    expect(pauses).toHaveLength(3);
    expect(pauses).toEqual(
      expect.arrayContaining([
        { of: { queue: 'email', group: 'tenant=t1' }, kind: 'person', by: 'ann', reason, since, until: undefined },
        { of: { queue: 'phone', group: 'tenant=t1' }, kind: 'person', by: 'ann', reason, since, until: undefined },
        { of: { queue: 'phone', group: 'tenant' }, kind: 'person', by: 'producer', since, until: undefined },
      ]),
    );
    await client.resume({ group: 'tenant=t1' }, { by: 'bob' });
    expect(await client.pauses(['email'])).toEqual([]);
    expect(await client.pauses()).toMatchObject([{ of: { queue: 'phone', group: 'tenant' } }]);
    expect(said).toContainEqual({ name: 'work.paused', queue: 'email', part: 'tenant/t1', by: 'ann', reason });
    expect(said).toContainEqual({ name: 'work.resumed', queue: 'phone', part: 'tenant/t1', by: 'bob' });
  });

  test('of nothing that can be paused is refused', async () => {
    const { client } = opened();
    const wrong = [
      {},
      null,
      { queue: 'a b' },
      { queue: 7 },
      { group: '' },
      { group: 'a/b' },
      { group: '=t1' },
      { group: 'tenant=ada@example.com' },
      { contract: 'letter' },
      { contract: letter, queue: 'email' },
      { queues: 'email' },
    ];
    for (const target of wrong) {
      await expect(Reflect.apply(client.pause, client, [target])).rejects.toThrow(InvalidOptionsError);
      await expect(Reflect.apply(client.resume, client, [target])).rejects.toThrow(InvalidOptionsError);
    }
    await expect(Reflect.apply(client.pause, client, [{ queue: 'email' }, { why: 'x' }])).rejects.toThrow('reason, by');
    expect(await client.pauses()).toEqual([]);
  });

  test('of a queue or a limit that nobody knows is refused, and says what may have been meant; so is its end', async () => {
    const { client } = opened();
    for (const ask of [client.pause.bind(client), client.resume.bind(client)]) {
      await expect(ask({ queue: 'emial' })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: 'Expected queue to be one of the app or the engine, got "emial". Did you mean "email"?',
      });
      await expect(ask({ group: 'tenant=t1', queue: 'emial' })).rejects.toThrow('Did you mean "email"?');
      await expect(ask({ group: 'tennant=t1' })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: 'Expected group to be of a limit of the app (it has tenant), got "tennant". Did you mean "tenant"?',
      });
    }
    expect(await client.pauses()).toEqual([]);
  });

  test('does not compile of two things at once', () => {
    const never = (): unknown => {
      const { client } = opened();
      return [
        // @ts-expect-error a contract says its queue
        client.pause({ contract: letter, queue: 'email' }),
        // @ts-expect-error a queue has a name
        client.pause({ queue: 7 }),
        // @ts-expect-error there is no such part
        client.pause({ tenant: 't1' }),
      ];
    };
    expect(never).toBeTypeOf('function');
  });
});
