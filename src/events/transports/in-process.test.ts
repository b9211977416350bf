import { expect, test } from 'vitest';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { Bus } from '../bus/bus.ts';
import { events, orderPlaced, userUpdated } from '../transport-trial.contract-suite.ts';
import { transportContract } from '../transport.contract-suite.ts';
import { InProcessTransport } from './in-process.ts';

const DECLARED = { durable: false, replay: false, ordered: true, fanOut: true, groups: true };

transportContract('in-process', DECLARED, async () => {
  const transport = new InProcessTransport({ inspectEveryMs: 30 });
  return { open: () => transport, cleanup: async () => undefined };
});

test('handlers begin after the publisher has gone on, and cannot change what others get', async () => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  const seen: string[] = [];
  for (const name of ['first', 'second']) {
    await bus.subscribe(userUpdated, ({ payload }) => {
      seen.push(`${name} ${payload.userId}`);
      payload.userId = 'changed';
    });
  }
  const payload = { userId: 'u' };
  await bus.publish(userUpdated(payload));
  expect(seen).toEqual([]);
  payload.userId = 'changed as well';
  await bus.close();
  expect(seen).toEqual(['first u', 'second u']);
});

test('publishAndWait waits for all and names each that failed', async () => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  const seen: string[] = [];
  await bus.subscribe(userUpdated, async () => {
    await new Promise(resolve => setImmediate(resolve));
    seen.push('slow');
  });
  await expect(bus.publishAndWait(userUpdated({ userId: 'u' }))).resolves.toMatchObject({ type: 'user.updated' });
  expect(seen).toEqual(['slow']);
  const thrown = new Error('at once');
  await bus.subscribe(
    userUpdated,
    () => {
      throw thrown;
    },
    { name: 'first' },
  );
  await bus.subscribe(userUpdated, () => Promise.reject(new Error('later')), { name: 'second' });
  const failure: unknown = await bus.publishAndWait(userUpdated({ userId: 'u' })).catch((error: unknown) => error);
  if (!(failure instanceof AggregateError)) throw new Error('Expected an AggregateError.');
  expect(failure.errors).toMatchObject([
    { code: 'EVENT_HANDLER_FAILED', subscriber: 'first', cause: thrown },
    { code: 'EVENT_HANDLER_FAILED', subscriber: 'second' },
  ]);
  expect(failure.message).toContain('first, second');
  expect(seen).toEqual(['slow', 'slow']);
});

test('a handler that is subscribed twice gets each event twice, by publish as by publishAndWait, and each ends alone', async () => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  const seen: string[] = [];
  const take = ({ payload }: { readonly payload: { readonly userId: string } }) => void seen.push(payload.userId);
  const stop = await bus.subscribe(userUpdated, take);
  await bus.subscribe(userUpdated, take);
  await bus.publishAndWait(userUpdated({ userId: 'waited' }));
  expect(seen).toEqual(['waited', 'waited']);
  await bus.publish(userUpdated({ userId: 'gone on' }));
  await waitFor('both', () => seen.length === 4);
  expect(seen.slice(2)).toEqual(['gone on', 'gone on']);
  await stop();
  await bus.publishAndWait(userUpdated({ userId: 'one' }));
  await bus.publish(userUpdated({ userId: 'one' }));
  await bus.close();
  expect(seen.slice(4)).toEqual(['one', 'one']);
});

test('close waits for what follows: handlers that publish while it drains are heard by others', async () => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  const seen: string[] = [];
  await bus.subscribe(orderPlaced, async () => {
    await new Promise(resolve => setImmediate(resolve));
    await bus.publish(userUpdated({ userId: 'after' }));
  });
  await bus.subscribe(userUpdated, async ({ payload }) => {
    await new Promise(resolve => setImmediate(resolve));
    seen.push(payload.userId);
  });
  await bus.publish(orderPlaced({ orderId: 'o' }));
  await bus.close();
  expect(seen).toEqual(['after']);
});

test('a subscription ends also while events come without a pause, and so does the bus', async () => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  let calls = 0;
  let other = 0;
  const stop = await bus.subscribe(userUpdated, () => void (other += 1));
  await bus.subscribe(userUpdated, () => {
    calls += 1;
    return bus.publish(userUpdated({ userId: 'again' }));
  });
  await bus.publish(userUpdated({ userId: 'first' }));
  await waitFor('some calls', () => calls >= 3);
  await stop();
  const heard = other;
  const sinceThen = calls + 3;
  await waitFor('more calls', () => calls >= sinceThen);
  expect(other).toBe(heard);
  await bus.close(50);
  await expect(bus.publish(userUpdated({ userId: 'closed' }))).rejects.toMatchObject({ code: 'BUS_CLOSED' });
});

test.each([
  ['a proxy that traps', new Proxy(new Error('x'), { get: trap, getPrototypeOf: trap })],
  ['an error whose stack is no text', Object.assign(new Error('x'), { stack: 5 })],
])('%s, thrown by a handler, is one failure and keeps no slot', async (_, thrown) => {
  const bus = new Bus({ events, transport: new InProcessTransport() });
  const seen: string[] = [];
  const throwing = (): never => {
    seen.push('called');
    throw thrown;
  };
  await bus.subscribe(userUpdated, throwing, { name: 'throwing', concurrency: 1 });
  for (let call = 0; call < 2; call += 1) {
    await expect(bus.publishAndWait(userUpdated({ userId: 'u' }))).rejects.toMatchObject({
      errors: [{ code: 'EVENT_HANDLER_FAILED', subscriber: 'throwing' }],
    });
  }
  expect(seen).toEqual(['called', 'called']);
  await bus.close();
});

function trap(): never {
  throw new Error('a trap');
}
