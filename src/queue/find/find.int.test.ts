import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { defineJob, InvalidContractError, InvalidPayloadError } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { connect } from '../connect.ts';
import type { FindOptions } from './check-find.ts';

const schema = z.object({ userId: z.string(), orderId: z.int(), note: z.string().optional() });
const mail = defineJob({
  queue: 'email',
  name: 'order-mail',
  schema,
  tags: ({ userId, orderId, note }) => ({ user: userId, order: orderId, note }),
  publicTags: ['order'],
});
const charge = defineJob({ queue: 'payments', name: 'charge', schema, tags: ({ userId }) => ({ user: userId }) });
const untagged = defineJob({ queue: 'email', name: 'untagged', schema });

describe.each(engineCases)('finding jobs on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function setup() {
    const { url, namespace, cleanup } = await engineCase.open();
    cleanups.push(cleanup);
    const engine = openEngine({ url, role: 'producer', namespace });
    cleanups.push(() => engine.close());
    await engine.migrate();
    const client = (
      secret: string,
      previousSecret?: string,
      traceparent: () => string | undefined = () => undefined,
    ) => {
      const made = connect({ [engineCase.kind]: url, namespace, secret, previousSecret, traceparent });
      cleanups.push(() => made.close());
      return made;
    };
    return { client, engine };
  }

  test('a tag finds the jobs of every contract and queue that carry it, the newest first, and shows public values alone', async () => {
    const { client, engine } = await setup();
    const one = client('a'.repeat(32));
    const sent = await one.enqueue(mail, { userId: 'u-1', orderId: 1042 }, { delay: '1h' });
    const charged = await one.enqueue(charge, { userId: 'u-1', orderId: 1 });
    await one.enqueueMany([mail({ userId: 'u-2', orderId: 7 }), untagged({ userId: 'u-1', orderId: 1042 })]);
    const { jobs, more } = await one.find({ tag: { user: 'u-1' } });
    expect(jobs.map(({ id, state }) => [id, state])).toEqual([
      [charged.id, 'waiting'],
      [sent.id, 'delayed'],
    ]);
    expect(more).toBe(false);
    expect(jobs[1]?.tags).toEqual([{ name: 'user' }, { name: 'order', value: '1042' }]);
    expect((await one.find({ tag: { user: 'u-1', order: '1042' } })).jobs.map(({ id }) => id)).toEqual([sent.id]);
    expect((await one.find({ tag: { user: 'u-1' }, queue: 'payments' })).jobs.map(({ id }) => id)).toEqual([
      charged.id,
    ]);
    expect(await one.find({ tag: { user: 'u-1' }, limit: 1 })).toMatchObject({
      jobs: [{ id: charged.id }],
      more: true,
    });
    expect((await one.find({ tag: { customer: 'u-1' } })).jobs).toEqual([]);
    expect((await one.job(charged.id))?.tags).toEqual([{ name: 'user' }]);
    // What is hidden stands nowhere but in the data.
    const stored = await (await engine.queue('email')).getJob(sent.id);
    expect(JSON.stringify(stored?.opts)).not.toContain('u-1');
  });

  test('an id beside a tag finds that job alone, and only where it carries the tag', async () => {
    const { client } = await setup();
    const one = client('a'.repeat(32));
    const { id } = await one.enqueue(mail, { userId: 'u-1', orderId: 1 }, { delay: '1h' });
    const plain = await one.enqueue(untagged, { userId: 'u-1', orderId: 1 });
    const idsOf = async (options: FindOptions, by = one) => (await by.find(options)).jobs.map(job => job.id);
    expect(await idsOf({ id, tag: { user: 'u-1' } })).toEqual([id]);
    expect(await idsOf({ id, tag: { user: 'u-1', order: 1 } })).toEqual([id]);
    expect(await idsOf({ id, tag: { user: 'u-2' } })).toEqual([]);
    expect(await idsOf({ id, tag: { user: 'u-1', order: 2 } })).toEqual([]);
    expect(await idsOf({ id: plain.id, tag: { user: 'u-1' } })).toEqual([]);
    expect(await idsOf({ id, tag: { user: 'u-1' } }, client('b'.repeat(32), 'a'.repeat(32)))).toEqual([id]);
    await one.update(id, { contract: mail, data: { userId: 'u-3', orderId: 1 } });
    expect(await idsOf({ id, tag: { user: 'u-1' } })).toEqual([]);
    expect(await idsOf({ id, tag: { user: 'u-3' } })).toEqual([id]);
  });

  test('a filter beside a tag hides none: a page is short only where the list ends, and the next one goes on behind it', async () => {
    const { client } = await setup();
    const one = client('a'.repeat(32));
    const own = await one.enqueueMany(Array.from({ length: 3 }, () => mail({ userId: 'u-1', orderId: 1 })));
    const others = Array.from({ length: 7 }, () => charge({ userId: 'u-1', orderId: 1 }));
    await one.enqueueMany(others);
    const later = await one.enqueue(mail, { userId: 'u-1', orderId: 1 }, { delay: '1h' });
    const ids = [later, ...own.toReversed()].map(({ id }) => id);
    const page = async (options: FindOptions) => {
      const { jobs, next, more } = await one.find({ tag: { user: 'u-1' }, limit: 2, ...options });
      return { ids: jobs.map(({ id }) => id), next, more };
    };
    const first = await page({ contract: 'order-mail' });
    expect(first).toMatchObject({ ids: ids.slice(0, 2), more: true });
    expect(await page({ contract: 'order-mail', cursor: first.next ?? '' })).toMatchObject({ ids: ids.slice(2) });
    await expect(page({ contract: 'order-mail', cursor: 'x' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    // Not the engine's to tell: read one by one.
    expect(await page({ state: 'waiting', queue: 'email' })).toMatchObject({ ids: ids.slice(1, 3), more: true });
  });

  test('jobs that wait are found by their trace, and by the job that they follow from', async () => {
    const { client } = await setup();
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const one = client('a'.repeat(32), undefined, () => `00-${trace}-00f067aa0ba902b7-01`);
    const { id } = await one.enqueue(mail, { userId: 'u-1', orderId: 1 });
    await client('a'.repeat(32)).enqueue(mail, { userId: 'u-1', orderId: 2 });
    const followed = await one.enqueue(charge, { userId: 'u-1', orderId: 1 }, { correlationId: id, delay: '1h' });
    const idsOf = async (options: FindOptions) => (await one.find(options)).jobs.map(job => job.id).toSorted();
    expect(await idsOf({ id: trace })).toEqual([id, followed.id].toSorted());
    expect(await idsOf({ id: trace, contract: 'charge' })).toEqual([followed.id]);
    expect(await idsOf({ id })).toEqual([id, followed.id].toSorted());
  });

  test('a job that is updated is found by its new data', async () => {
    const { client } = await setup();
    const one = client('a'.repeat(32));
    const { id } = await one.enqueue(mail, { userId: 'u-1', orderId: 1 }, { delay: '1h' });
    await one.update(id, { contract: mail, data: { userId: 'u-2', orderId: 2 } });
    expect((await one.find({ tag: { user: 'u-1' } })).jobs).toEqual([]);
    expect((await one.find({ tag: { user: 'u-2' } })).jobs.map(({ tags }) => tags)).toEqual([
      [{ name: 'user' }, { name: 'order', value: '2' }],
    ]);
  });

  test('jobs that were enqueued under the previous secret are found, and without it nobody finds them', async () => {
    const { client } = await setup();
    const { id } = await client('a'.repeat(32)).enqueue(mail, { userId: 'u-1', orderId: 1 });
    const rotated = await client('b'.repeat(32), 'a'.repeat(32)).find({ tag: { user: 'u-1' } });
    expect(rotated.jobs.map(job => job.id)).toEqual([id]);
    expect((await client('b'.repeat(32)).find({ tag: { user: 'u-1' } })).jobs).toEqual([]);
  });
});

describe('tags', () => {
  test.each([
    [{ tags: { user: 'u' } }, 'expected tags to be a function'],
    [{ publicTags: ['order'] }, 'expected tags beside publicTags'],
    [{ tags: () => ({}), chunk: { maxItems: 5 } }, 'expected no tags beside chunk'],
    [{ tags: () => ({}), publicTags: 'order' }, 'a list of names'],
    [{ tags: () => ({}), publicTags: ['or der'] }, 'the name of a tag'],
  ])('a definition with %j is refused', (wrong, message) => {
    const define = () => defineJob({ queue: 'email', name: 'wrong', schema, ...(wrong as object) });
    expect(define).toThrow(InvalidContractError);
    expect(define).toThrow(message);
  });

  test.each<[object, string]>([
    [{ user: 'x'.repeat(201) }, 'tags.user'],
    [{ user: '' }, 'tags.user'],
    [{ user: Number.NaN }, 'tags.user'],
    [{ user: null }, 'tags.user'],
    [{ 'us er': 'a' }, 'tags.us er'],
    [Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`t${index}`, 1])), 'at most 8'],
  ])('%j is refused where the job is enqueued', async (given, message) => {
    const wrong = defineJob({ queue: 'email', name: 'wrong', schema, tags: () => given as Record<string, string> });
    const client = connect({ redis: 'redis://127.0.0.1:1' });
    try {
      const enqueued = client.enqueue(wrong, { userId: 'u', orderId: 1 });
      await expect(enqueued).rejects.toThrow(InvalidPayloadError);
      await expect(enqueued).rejects.toThrow(message);
    } finally {
      await client.close();
    }
  });

  test.each<[unknown, string]>([
    [undefined, 'options of find'],
    [{ tag: 5 }, 'Expected tag'],
    [{ state: 'gone' }, 'one of waiting'],
    [{ tag: {} }, 'at least one tag'],
    [{ tag: { user: {} } }, 'tag.user'],
    [{ tag: { user: 'u' }, limit: 0 }, 'limit'],
    [{ tag: { user: 'u' }, limits: 5 }, 'did you mean'],
    [{ tag: { user: 'u' }, queue: 5 }, 'queue'],
  ])('find refuses %j', async (options, message) => {
    const client = connect({ redis: 'redis://127.0.0.1:1' });
    try {
      await expect(client.find(options as FindOptions)).rejects.toThrow(InvalidOptionsError);
      await expect(client.find(options as FindOptions)).rejects.toThrow(new RegExp(message, 'i'));
    } finally {
      await client.close();
    }
  });

  test('tags are typed by the schema', () => {
    const typed = defineJob({
      queue: 'email',
      name: 'typed',
      schema,
      // @ts-expect-error the schema has no such field
      tags: ({ customer }) => ({ customer }),
    });
    // @ts-expect-error a Date is no value of a tag
    const dated = () => defineJob({ queue: 'email', name: 'typed', schema, tags: () => ({ at: new Date(0) }) });
    expect([typed.tags?.shown.size, dated().name]).toEqual([0, 'typed']);
  });
});
