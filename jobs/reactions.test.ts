import { expect, test } from 'vitest';
import { itemsIn, validatePayload, type EventRequest } from '../src/contracts/index.ts';
import { orderPlaced, paymentReceived, reactions, userRegistered, userUpdated } from './index.ts';

const long = 'u'.repeat(128);
const email = 'ada@example.com';

/** What follows from an event, by contract; refused like an `enqueueMany` would refuse it. */
async function follows({ contract, payload }: EventRequest, eventId = 'e-1'): Promise<readonly (readonly unknown[])[]> {
  const event = {
    id: eventId,
    type: contract.name,
    version: 1,
    timestamp: new Date('2026-01-02T03:04:05.678Z'),
    payload: await validatePayload(contract, payload),
    metadata: { correlationId: 'c', causationId: undefined, userId: undefined, traceparent: undefined },
  };
  const jobs = await Promise.all(
    reactions.filter(reaction => reaction.event === contract).map(reaction => reaction.jobsFor(event)),
  );
  return Promise.all(
    jobs.flat().map(async job => [job.contract.name, await validatePayload(job.contract, job.data)] as const),
  );
}

test.each([
  [userRegistered({ userId: long, email, name: 'n'.repeat(100) }), 4],
  [userUpdated({ userId: long }), 1],
  [orderPlaced({ orderId: long, userId: long, email, total: 1 }), 2],
  [paymentReceived({ paymentId: long, orderId: long, userId: long, amount: 1, currency: 'EUR' }), 1],
])('an event with ids of the greatest length has all its jobs (%#)', async (request, jobs) => {
  expect(await follows(request, `an event of elsewhere ${'x'.repeat(178)}`)).toHaveLength(jobs);
  expect(await follows(request)).toEqual(await follows(request));
});

test('the ids of messages tell whom they are about, and differ where a digest stands for them', async () => {
  const idsOf = async (userId: string) =>
    (await follows(userRegistered({ userId, email, name: 'Ada' }))).flatMap(([name, data]) =>
      name === 'track' || name === 'identify'
        ? itemsIn(data).map(item => (item as { readonly messageId: string }).messageId)
        : [],
    );
  expect(await idsOf('u1')).toEqual(['identify-u1', 'signed-up-u1']);
  const ids = [...(await idsOf(`${long.slice(1)}a`)), ...(await idsOf(`${long.slice(1)}b`))];
  expect(new Set(ids).size).toBe(4);
});
