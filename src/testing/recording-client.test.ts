import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { defineJob, InvalidPayloadError } from '../contracts/index.ts';
import { ClientClosedError, IdempotencyConflictError, type Client, type Enqueuer } from '../queue/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { recordingClient } from './recording-client.ts';

const letter = defineJob({ queue: 'email', name: 'letter', schema: z.strictObject({ to: z.string().min(3) }) });
const visit = defineJob({
  queue: 'analytics',
  name: 'visit',
  schema: z.strictObject({ page: z.string(), user: z.string().default('nobody') }),
  key: ({ page }) => [page],
});

describe('recordingClient', () => {
  test('keeps what was enqueued, oldest first, and answers receipts like the real client', async () => {
    const client = recordingClient();
    const receipt = await client.enqueue(letter, { to: 'ada' }, { delay: '5m', correlationId: 'request-1' });
    expect(receipt).toEqual({
      id: expect.stringMatching(/^email-/),
      name: 'letter',
      queue: 'email',
      deduplicated: false,
    });
    await client.enqueueMany([visit({ page: '/' }), letter({ to: 'bob' })]);
    expect(client.enqueued).toMatchObject([
      { id: receipt.id, data: { to: 'ada' }, delayMs: 300_000, correlationId: 'request-1' },
      { name: 'visit', queue: 'analytics', data: { page: '/' }, delayMs: 0 },
      { name: 'letter', data: { to: 'bob' } },
    ]);
    expect(client.dataOf(letter)).toEqual([{ to: 'ada' }, { to: 'bob' }]);
    expectTypeOf(client.dataOf(letter)).toEqualTypeOf<readonly { to: string }[]>();
  });

  test('refuses what the real client refuses, and records nothing of it', async () => {
    const client = recordingClient();
    await expect(client.enqueue(letter, { to: 'x' })).rejects.toThrow(InvalidPayloadError);
    await expect(client.enqueue(letter, { to: 'ada' }, { delay: -1 })).rejects.toThrow(InvalidOptionsError);
    await expect(client.enqueueMany([letter({ to: 'ada' }), letter({ to: 'x' })])).rejects.toThrow(InvalidPayloadError);
    expect(client.enqueued).toEqual([]);
  });

  test('a key stands for the first job that carried it', async () => {
    const client = recordingClient();
    const first = await client.enqueue(visit, { page: '/' });
    expect(await client.enqueue(visit, { page: '/' })).toEqual({ ...first, deduplicated: true });
    await expect(client.enqueue(visit, { page: '/', user: 'ada' })).rejects.toThrow(IdempotencyConflictError);
    await client.enqueue(letter, { to: 'ada' }, { idempotencyKey: 'k' });
    await expect(client.enqueue(letter, { to: 'bob' }, { idempotencyKey: 'k' })).rejects.toThrow(
      IdempotencyConflictError,
    );
    expect(client.enqueued).toHaveLength(2);
  });

  test('a key with other data among many keeps none of the others from being recorded', async () => {
    const client = recordingClient();
    const first = await client.enqueue(visit, { page: '/' });
    await expect(
      client.enqueueMany([visit({ page: '/', user: 'ada' }), visit({ page: '/other' })]),
    ).rejects.toMatchObject({
      conflicts: [{ index: 0, contract: 'visit', jobId: first.id }],
      receipts: [undefined, { name: 'visit', deduplicated: false }],
    });
    expect(client.dataOf(visit)).toEqual([{ page: '/' }, { page: '/other' }]);
  });

  test('closed, it takes nothing more', async () => {
    const client = recordingClient();
    await client.close();
    await expect(client.enqueue(letter, { to: 'ada' })).rejects.toThrow(ClientClosedError);
    await expect(client.enqueueMany([])).rejects.toThrow(ClientClosedError);
  });

  test('what is changed afterwards is not what was enqueued', async () => {
    const client = recordingClient();
    const data = { to: 'ada' };
    await client.enqueue(letter, data);
    data.to = 'eve';
    expect(client.dataOf(letter)).toEqual([{ to: 'ada' }]);
  });

  test('stands where producers take a client', () => {
    expectTypeOf(recordingClient()).toExtend<Enqueuer & Pick<Client, 'close'>>();
  });
});
