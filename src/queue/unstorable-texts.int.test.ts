import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../tests/support/engines.ts';
import { inMemory } from '../../tests/support/memory-case.ts';
import { PATIENT } from '../../tests/support/wait-for.ts';
import { defineJob } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn, type Client } from './index.ts';

const NUL = 'a\0b';
const HALF = 'a\ud800';
const schema = z.object({ text: z.string() });
/** What a schema makes of the data is in no stored text, unless a contract puts it there. */
const made = z.object({ text: z.string().transform(text => `${text}\0`) });
const greet = defineJob({ queue: 'email', name: 'greet', schema });
const keyed = defineJob({ queue: 'email', name: 'keyed', schema: made, key: ({ text }) => [text] });
const grouped = defineJob({
  queue: 'email',
  name: 'grouped',
  schema: made,
  limits: [{ name: 'tenant', by: ({ text }) => text, concurrency: 1 }],
});
const tagged = defineJob({
  queue: 'email',
  name: 'tagged',
  schema: made,
  tags: ({ text }) => ({ user: text }),
  publicTags: ['user'],
});

const job = greet({ text: 'x' });
const cause = { id: 'c', at: new Date(0) };
type Call = (client: Client, text: string) => Promise<unknown>;
const refused: readonly (readonly [what: string, code: string, Call])[] = [
  ['data', 'INVALID_PAYLOAD', (client, text) => client.enqueue(greet, { text })],
  ['a tag', 'INVALID_PAYLOAD', (client, text) => client.enqueue(tagged, { text: text.replace('\0', '') })],
  [
    'an idempotency key',
    'INVALID_OPTIONS',
    (client, text) => client.enqueue(greet, { text: 'x' }, { idempotencyKey: text }),
  ],
  [
    'a correlation id',
    'INVALID_OPTIONS',
    (client, text) => client.enqueue(greet, { text: 'x' }, { correlationId: text }),
  ],
  ['the name of a batch', 'INVALID_OPTIONS', (client, text) => client.batch({ name: text, jobs: [job] })],
  [
    'the key of a batch',
    'INVALID_OPTIONS',
    (client, text) => client.batch({ name: 'x', jobs: [job], idempotencyKey: text }),
  ],
  ['the batch of a member', 'BATCH_ENDED', (client, text) => client.addToBatch(text, cause, [job])],
  ['a tag that is looked for', 'INVALID_OPTIONS', (client, text) => client.find({ tag: { user: text } })],
  ['an id that is looked for', 'INVALID_OPTIONS', (client, text) => client.find({ id: text })],
  ['a contract that is looked for', 'INVALID_OPTIONS', (client, text) => client.find({ contract: text })],
  ['a queue that is looked in', 'INVALID_OPTIONS', (client, text) => client.find({ queue: text })],
  ['a cause that is looked for', 'INVALID_OPTIONS', (client, text) => client.find({ cause: text })],
  ['a page', 'INVALID_OPTIONS', (client, text) => client.find({ cursor: text })],
  ['a tag to erase', 'INVALID_OPTIONS', (client, text) => client.erase({ tag: { user: text } })],
  ['a queue', 'INVALID_CONTRACT', async (_, queue) => defineJob({ queue, name: 'n', schema })],
  ['a name', 'INVALID_CONTRACT', async (_, name) => defineJob({ queue: 'q', name, schema })],
  ['a queue to pause', 'INVALID_OPTIONS', (client, text) => client.pause({ queue: text })],
  ['a group to pause', 'INVALID_OPTIONS', (client, text) => client.pause({ queue: 'email', group: `tenant=${text}` })],
  ['a queue whose pauses are asked for', 'INVALID_OPTIONS', (client, text) => client.pauses([text])],
  ['a new schedule', 'INVALID_OPTIONS', (client, text) => client.schedules.upsert(text, { job, every: '1h' })],
  ['a schedule', 'INVALID_OPTIONS', (client, text) => client.schedules.remove(text)],
  ['a page of schedules', 'INVALID_OPTIONS', (client, text) => client.schedules.list({ after: text })],
];

describe.each([inMemory, ...engineCases])('texts that PostgreSQL cannot hold, on $kind', ({ open }) => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function setup(): Promise<Client> {
    const { url, namespace, cleanup } = await open();
    closing.push(cleanup);
    const engine = openEngine({ url, namespace, role: 'producer' });
    closing.push(() => engine.close());
    await engine.migrate();
    return clientOn(engine, new Facts());
  }

  test('they are refused as what they are, whatever they name, and never as an engine that is away', async () => {
    const client = await setup();
    const wanted = refused.flatMap(([what, code]) => [`${what} with a NUL: ${code}`, `${what} with half: ${code}`]);
    const found: string[] = [];
    const codeOf = (call: Promise<unknown>): Promise<string> =>
      call.then(
        answer => `answered ${JSON.stringify(answer)}`,
        (error: { readonly code?: string }) => error.code ?? String(error),
      );
    for (const [what, , call] of refused) {
      found.push(`${what} with a NUL: ${await codeOf(call(client, NUL))}`);
      found.push(`${what} with half: ${await codeOf(call(client, HALF))}`);
    }
    expect(found).toEqual(wanted);
    expect(await client.find({})).toMatchObject({ jobs: [] });
  });

  test('no job and no batch has an id with one, and keys and groups are stored as digests, which hold any', async () => {
    const client = await setup();
    for (const id of [NUL, `email/${NUL}`, `${NUL}/7`]) {
      expect(await client.job(id)).toBeUndefined();
      expect(await client.cancel(id)).toBe('unknown');
      await expect(client.update(id, { priority: 'high' })).rejects.toMatchObject({ reason: 'unknown' });
      await expect(client.replay(id)).rejects.toMatchObject({ reason: 'unknown' });
      await expect(client.result(id, { timeout: PATIENT.timeout })).rejects.toMatchObject({ code: 'RESULT_UNKNOWN' });
    }
    for (const id of [NUL, HALF, '', '{}', 'x y', 'x'.repeat(5_000)])
      expect(await client.batchView(id)).toBeUndefined();
    const { id } = await client.enqueue(keyed, { text: 'k' });
    expect(await client.enqueue(keyed, { text: 'k' })).toMatchObject({ id, deduplicated: true });
    expect(await client.enqueue(grouped, { text: 'g' })).toMatchObject({ deduplicated: false });
    const [{ id: followed } = { id: '' }] = await client.enqueueFrom({ id: NUL, at: new Date(0) }, [job]);
    expect(await client.cancel(followed, { reason: NUL, by: HALF })).toBe('requested');
  });
});
