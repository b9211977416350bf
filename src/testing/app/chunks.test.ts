import { afterEach, describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  cancel,
  dead,
  defineApp,
  defineJob,
  handle,
  InvalidContractError,
  InvalidPayloadError,
  PayloadTooLargeError,
  retryAfter,
  type InputOf,
  type ItemAnswer,
} from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { QueueUnavailableError, type JobReceipt } from '../../queue/index.ts';
import { fixed } from '../../resilience/index.ts';
import { assertDead, assertEnqueued, createTestApp, recordingClient, runHandler, type TestApp } from '../index.ts';

const schema = z.strictObject({ id: z.string(), tenant: z.string().default('one') });
const seen = defineJob({
  queue: 'events',
  name: 'seen',
  schema,
  chunk: { maxItems: 4, maxWait: 0 },
  retry: { attempts: 3, backoff: fixed('1m') },
  sensitive: ['tenant'],
});
type Seen = z.output<typeof schema>;
type Answers = readonly ItemAnswer[] | void;

describe('chunks', () => {
  const open: TestApp[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  /** What the handler was given, as ids, a list for each run; and a producer. */
  function setup(work: (items: readonly Seen[], attempt: number) => Answers | Promise<Answers> = () => undefined) {
    const runs: string[][] = [];
    const app = defineApp({
      jobs: [seen],
      handlers: [
        handle(seen, (items, run) => {
          runs.push(items.map(({ id }) => id));
          return work(items, run.attempt);
        }),
      ],
    });
    const kit = createTestApp(app);
    open.push(kit);
    const enqueue = (...ids: string[]): Promise<JobReceipt[]> =>
      Promise.all(ids.map(id => kit.client.enqueue(seen, { id })));
    return { kit, runs, enqueue };
  }

  /** An answer by the first letter of the id. */
  const byLetter = (items: readonly Seen[]): Answers =>
    items.map(({ id }) => (id.startsWith('d') ? dead(`no ${id}`) : id.startsWith('r') ? 'retry' : 'done'));

  test('items of many calls travel in one job, in order, and each call is told its place in it', async () => {
    const { kit, runs, enqueue } = setup();
    const receipts = await enqueue('a', 'b', 'c');
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(1);
    expect(receipts.map(({ item }) => item)).toEqual([0, 1, 2]);
    await kit.drain();
    expect(runs).toEqual([['a', 'b', 'c']]);
    expect(kit.dataOf(seen).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    assertEnqueued(kit, seen, { id: 'b' });
  });

  test('a chunk that is full leaves, and enqueueMany makes as many as are needed, a receipt for each item', async () => {
    const { kit, runs } = setup();
    const receipts = await kit.client.enqueueMany(['a', 'b', 'c', 'd', 'e'].map(id => seen({ id })));
    expect(receipts.map(({ item }) => item)).toEqual([0, 1, 2, 3, 0]);
    await kit.drain();
    expect(runs).toEqual([['a', 'b', 'c', 'd'], ['e']]);
  });

  test('only the items to be retried come again, together, and their attempts go on', async () => {
    const attempts: (readonly [number, readonly string[]])[] = [];
    const { kit, enqueue } = setup((items, attempt) => {
      attempts.push([attempt, items.map(({ id }) => id)]);
      return items.map(({ id }) => (id.startsWith('r') ? retryAfter('10m', 'not yet') : 'done'));
    });
    await enqueue('r1', 'a', 'r2', 'b');
    await kit.drain();
    await kit.advance('5m');
    expect(attempts).toHaveLength(1);
    await kit.advance('30m');
    expect(attempts).toEqual([
      [1, ['r1', 'a', 'r2', 'b']],
      [2, ['r1', 'r2']],
      [3, ['r1', 'r2']],
    ]);
    // After the last one each is dead by itself.
    expect(kit.runs.map(({ outcome, reason }) => reason ?? outcome)).toEqual([
      'divided',
      'retried',
      'divided',
      'attempts-exhausted',
      'attempts-exhausted',
    ]);
  });

  test('each dead item is a dead letter of its own, with its reason; the others are done', async () => {
    const { kit, runs, enqueue } = setup(byLetter);
    const [first] = await enqueue('a', 'd1', 'd2', 'b');
    await kit.drain();
    expect(runs).toEqual([['a', 'd1', 'd2', 'b']]);
    assertDead(kit, seen, 'said-by-handler');
    const letters = kit.runs.filter(({ outcome }) => outcome === 'dead');
    expect(letters.map(({ error, attempt }) => [error?.message, attempt])).toEqual([
      ['JOB_DEAD: no d1', 1],
      ['JOB_DEAD: no d2', 1],
    ]);
    expect(new Set([first?.id, ...letters.map(({ jobId }) => jobId)]).size).toBe(3);
    // What it was divided into is nothing that somebody has enqueued.
    expect(kit.dataOf(seen)).toHaveLength(4);
  });

  test('an item that is to be retried after its last attempt is dead, and the errors that items failed with mean what they mean where they are thrown', async () => {
    const { kit, enqueue } = setup((items, attempt) =>
      items.map(({ id }) => (id === 'a' || attempt < 3 ? (id === 'a' ? 'done' : new Error('busy')) : 'retry')),
    );
    await enqueue('a', 'x');
    await kit.drain();
    await kit.advance('1h');
    expect(kit.runs.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ['divided', 1],
      ['retried', 2],
      ['dead', 3],
    ]);
  });

  test('what the handler throws is of the whole chunk', async () => {
    const { kit, runs, enqueue } = setup((_, attempt) => {
      if (attempt === 1) throw new Error('busy');
    });
    await enqueue('a', 'b');
    await kit.drain();
    await kit.advance('1h');
    expect(runs).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  test('after its last attempt each item of a chunk that was thrown away is a letter of its own, and the chunk says so', async () => {
    let wrong = true;
    const { kit, runs, enqueue } = setup(() => {
      if (wrong) throw new Error('the table is gone');
    });
    const [receipt] = await enqueue('a', 'b');
    expect(await kit.client.job(receipt?.id ?? '')).toMatchObject({ items: { count: 2, done: undefined } });
    await kit.drain();
    await kit.advance('1h');
    expect(runs).toHaveLength(3);
    const letters = kit.runs.filter(({ outcome }) => outcome === 'dead');
    expect(letters.map(({ reason, error, attempt }) => [reason, error?.message, attempt])).toEqual([
      ['attempts-exhausted', 'the table is gone', 3],
      ['attempts-exhausted', 'the table is gone', 3],
    ]);
    expect(await kit.client.job(receipt?.id ?? '')).toMatchObject({
      state: 'succeeded',
      items: { count: 2, done: 0, retried: 0, dead: 2 },
    });
    const [letter] = letters;
    expect(await kit.client.job(letter?.jobId ?? '')).toMatchObject({ state: 'dead', items: { count: 1 } });
    wrong = false;
    await kit.client.replay(letter?.jobId ?? '');
    await kit.drain();
    expect(runs.slice(3)).toHaveLength(1);
    expect(runs[3]).toHaveLength(1);
  });

  test.each([
    ['too few answers', ['done'], /an answer for each of 2 items, found 1/],
    ['too many answers', ['done', 'done', 'done'], /an answer for each of 2 items, found 3/],
    ['an answer that is none', ['done', 'ok'], /for item 1, found string/],
    ['a hole', [undefined, 'done'], /for item 0, found undefined/],
    ['a decision that an item cannot have', ['done', cancel('no')], /for item 1, found cancel/],
    ['no list', { done: true }, /found object/],
  ])('%s: the chunk is a dead letter with all of its items, and a replay runs it', async (_, answers, message) => {
    let wrong = true;
    const { kit, runs, enqueue } = setup(() => {
      // As from plain JavaScript.
      return wrong ? (answers as unknown as Answers) : undefined;
    });
    const [receipt] = await enqueue('a', 'b');
    await kit.drain();
    expect(kit.runs).toMatchObject([{ outcome: 'dead', reason: 'permanent' }]);
    expect(kit.runs[0]?.error?.message).toMatch(message);
    expect(kit.runs[0]?.error?.message).toContain('ANSWERS_INVALID');
    wrong = false;
    expect(await kit.client.job(receipt?.id ?? '')).toMatchObject({ state: 'dead' });
    expect(runs).toEqual([['a', 'b']]);
  });

  test('items that cannot be read any more are dead letters, and the others run', async () => {
    const strict = defineJob({
      queue: 'events',
      name: 'seen',
      version: 2,
      schema: z.strictObject({ id: z.string().max(1), tenant: z.string() }),
      upgrade: { 1: data => ({ tenant: 'new', ...Object(data) }) },
      chunk: { maxItems: 4, maxWait: 0 },
    });
    const ids: string[] = [];
    const app = defineApp({
      jobs: [strict],
      handlers: [handle(strict, items => void ids.push(...items.map(({ id }) => id)))],
    });
    const kit = createTestApp(app);
    open.push(kit);
    await kit.client.enqueueMany([seen({ id: 'a' }), seen({ id: 'too long' }), seen({ id: 'b' })]);
    await kit.drain();
    expect(ids).toEqual(['a', 'b']);
    expect(kit.runs).toMatchObject([{ outcome: 'divided' }, { outcome: 'dead', reason: 'undecodable' }]);
  });

  test('a process that dies while its items run, or before it could record them, loses none and doubles no letter', async () => {
    let dies = true;
    const { kit, runs, enqueue } = setup(async items => {
      if (dies) {
        dies = false;
        await kit.crash();
      }
      return byLetter(items);
    });
    kit.runTwice(seen);
    await enqueue('a', 'd', 'r', 'b');
    await kit.drain();
    expect(runs).toEqual([
      ['a', 'd', 'r', 'b'],
      ['a', 'd', 'r', 'b'],
      ['a', 'd', 'r', 'b'],
    ]);
    expect(kit.runs.filter(({ outcome }) => outcome === 'dead')).toHaveLength(1);
    await kit.advance('1m');
    expect(runs.at(-1)).toEqual(['r']);
    expect(runs).toHaveLength(4);
  });

  test('items of other groups, priorities and delays travel apart', async () => {
    const grouped = defineJob({
      queue: 'events',
      name: 'grouped',
      schema,
      chunk: { maxWait: 0, by: ({ tenant }) => tenant },
      destination: ({ id }) => id.slice(0, 1),
    });
    const kit = createTestApp(defineApp({ jobs: [grouped], handlers: [] }));
    open.push(kit);
    const receipts = await Promise.all([
      kit.client.enqueue(grouped, { id: 'a1', tenant: 't' }),
      kit.client.enqueue(grouped, { id: 'a2', tenant: 't' }),
      kit.client.enqueue(grouped, { id: 'a3', tenant: 'u' }),
      kit.client.enqueue(grouped, { id: 'b1', tenant: 't' }),
      kit.client.enqueue(grouped, { id: 'a4', tenant: 't' }, { priority: 'high' }),
      kit.client.enqueue(grouped, { id: 'a5', tenant: 't' }, { delay: '1h' }),
    ]);
    expect(receipts.map(({ item }) => item)).toEqual([0, 1, 0, 0, 0, 0]);
    expect(new Set(receipts.map(({ id }) => id)).size).toBe(5);
  });

  test('wrong items are refused at the call, and take no other along', async () => {
    const { kit, enqueue } = setup();
    const good = enqueue('a');
    await expect(kit.client.enqueue(seen, { id: 1 } as never)).rejects.toThrow(InvalidPayloadError);
    await expect(kit.client.enqueue(seen, { id: 'x'.repeat(250_000) })).rejects.toThrow(PayloadTooLargeError);
    await expect(kit.client.enqueue(seen, { id: 'a' }, { idempotencyKey: 'k' })).rejects.toThrow(InvalidOptionsError);
    await expect(kit.client.enqueueMany([seen({ id: 'b' }), seen({ id: 1 } as never)])).rejects.toThrow(/id/);
    await good;
    expect(kit.dataOf(seen).map(({ id }) => id)).toEqual(['a']);
  });

  test('a chunk that the engine does not take is refused to each caller', async () => {
    const { kit, enqueue } = setup();
    kit.engine.takeAway();
    const refused = await Promise.allSettled(['a', 'b'].map(id => enqueue(id)));
    expect(refused).toMatchObject([
      { reason: expect.any(QueueUnavailableError) },
      { reason: expect.any(QueueUnavailableError) },
    ]);
    await expect(kit.client.enqueueMany([seen({ id: 'c' })])).rejects.toThrow(QueueUnavailableError);
    kit.engine.bringBack();
    await enqueue('d');
    expect(kit.dataOf(seen).map(({ id }) => id)).toEqual(['d']);
  });

  test('a definition that cannot work is refused', () => {
    const base = { queue: 'events', name: 'seen', schema } as const;
    for (const [chunk, problem] of [
      [{ maxItems: 0 }, /maxItems/],
      [{ maxBytes: 10 }, /maxBytes/],
      [{ maxWait: '2m' }, /maxWait/],
      [{ by: 'tenant' }, /chunk\.by/],
      [{ maxItem: 5 }, /maxItem.*maxItems/],
      [7, /expected chunk to be/],
    ] as const) {
      expect(() => defineJob({ ...base, chunk: chunk as object })).toThrow(problem);
    }
    expect(() => defineJob({ ...base, chunk: {}, key: ({ id }) => [id] })).toThrow(/no key beside chunk/);
    // @ts-expect-error from plain JavaScript
    expect(() => defineJob({ ...base, chunk: {}, result: schema })).toThrow(InvalidContractError);
  });
});

describe('chunks in tests of one part', () => {
  test('a handler is given items, and its outcome says what it has answered for each', async () => {
    const handler = handle(seen, items => items.map(({ id }) => (id === 'a' ? 'done' : dead('no'))));
    expect(await runHandler(handler, [{ id: 'a' }])).toMatchObject({ kind: 'succeeded' });
    expect(await runHandler(handler, [{ id: 'a' }, { id: 'b' }])).toMatchObject({
      kind: 'divided',
      done: 1,
      retry: undefined,
      dead: [{ item: 1, reason: 'said-by-handler' }],
    });
    await expect(runHandler(handler, [{ id: 7 } as never])).rejects.toThrow(InvalidPayloadError);
  });

  test('a recording client keeps items', async () => {
    const client = recordingClient();
    await client.enqueue(seen, { id: 'a' });
    await client.enqueueMany([seen({ id: 'b' })]);
    expect(client.dataOf(seen)).toEqual([{ id: 'a' }, { id: 'b' }]);
  });
});

test('types: producers give an item, handlers get all and answer for each', () => {
  expectTypeOf<InputOf<typeof seen>>().toEqualTypeOf<{ id: string; tenant?: string | undefined }>();
  handle(seen, items => {
    expectTypeOf(items).toEqualTypeOf<readonly Seen[]>();
  });
  handle(seen, items => items.map(() => 'done' as const));
  // @ts-expect-error no such answer
  handle(seen, items => items.map(() => 'ok' as const));
  // @ts-expect-error one is not a list
  seen([{ id: 'a' }]);
  const wrong = (): void => {
    // @ts-expect-error a chunk has no field of that name
    defineJob({ queue: 'q', name: 'n', schema, chunk: { max: 1 } });
    // @ts-expect-error an item has no such field
    defineJob({ queue: 'q', name: 'n', schema, chunk: { by: item => item.nothing } });
  };
  expect(wrong).toBeTypeOf('function');
});
