import { expect, test } from 'vitest';
import { waitFor } from '../../tests/support/wait-for.ts';
import type { EventEnvelope } from '../contracts/index.ts';
import {
  given,
  ONCE_MORE,
  orderPlaced,
  userRegistered,
  userUpdated,
  type TransportTrial,
} from './transport-trial.contract-suite.ts';
import type { Capabilities } from './transport.ts';

/** Of what a transport declares it can do, that it does; of the rest, that it says so. */
export function abilitiesContract(name: string, declared: Capabilities, { open, statedOf }: TransportTrial): void {
  test('declares what this suite holds it to', () => {
    expect(open().capabilities).toEqual(declared);
  });

  given(declared.ordered)('keeps the order for a subscription that handles one at a time', async () => {
    const bus = open();
    const seen: string[] = [];
    await bus.subscribe(
      userUpdated,
      async ({ payload }) => {
        if (Number(payload.userId) % 3 === 0) await new Promise(resolve => setImmediate(resolve));
        seen.push(payload.userId);
      },
      { concurrency: 1 },
    );
    const expected = Array.from({ length: 40 }, (_, index) => String(index));
    for (const userId of expected) await bus.publish(userUpdated({ userId }));
    await waitFor('all', () => seen.length === 40);
    expect(seen).toEqual(expected);
  });

  test('an ability that it lacks is refused at the call, and both sides are named', async () => {
    const bus = open();
    const missing = async (call: Promise<unknown>, capability: string): Promise<void> =>
      expect(call).rejects.toMatchObject({
        code: 'CAPABILITY_MISSING',
        message: expect.stringMatching(new RegExp(`"${capability}".*"${name}"`)),
      });
    if (name !== 'in-process') await missing(bus.publishAndWait(userUpdated({ userId: 'u' })), 'in-process');
    if (!declared.replay)
      await missing(
        bus.replay('#', () => undefined, { from: new Date() }),
        'replay',
      );
    if (!declared.groups)
      await missing(
        bus.subscribe(userUpdated, () => undefined, { group: 'g' }),
        'groups',
      );
    else if (!declared.replay) {
      await missing(
        bus.subscribe(userUpdated, () => undefined, { group: 'g', from: 'start' }),
        'replay',
      );
    }
    expect(statedOf('event.published')).toEqual([]);
  });

  given(!declared.groups)('without groups it refuses one, and says what would do', async () => {
    await expect(open().subscribe(userUpdated, () => undefined, { group: 'g' })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining('redis-streams'),
    });
  });

  given(declared.groups)('each event comes once in each group', async () => {
    const [one, two] = [open(), open()];
    const seen: string[] = [];
    const take = (group: string) => (event: EventEnvelope<{ userId: string }>) =>
      void seen.push(`${group} ${event.payload.userId}`);
    await one.subscribe(userUpdated, take('a'), { group: 'a' });
    await two.subscribe(userUpdated, take('a'), { group: 'a' });
    await one.subscribe(userUpdated, take('b'), { group: 'b' });
    for (let index = 0; index < 20; index += 1) await one.publish(userUpdated({ userId: String(index) }));
    await waitFor('each twice', () => seen.length >= 40);
    expect(new Set(seen).size).toBe(40);
    expect(seen).toHaveLength(40);
  });

  given(declared.durable)(
    'a group keeps its position while nobody runs, and a failed delivery is repeated',
    async () => {
      const first = open();
      const stop = await first.subscribe(userUpdated, () => undefined, { group: 'g', ...ONCE_MORE });
      await stop();
      await first.publish(userUpdated({ userId: 'while away' }));
      const seen: string[] = [];
      await open().subscribe(
        userUpdated,
        ({ payload }, { attempt }) => {
          seen.push(`${payload.userId} ${attempt}`);
          if (attempt < 3) throw new Error('not yet');
        },
        { group: 'g', ...ONCE_MORE },
      );
      await waitFor('three deliveries', () => seen.length === 3);
      expect(seen).toEqual(['while away 1', 'while away 2', 'while away 3']);
      await waitFor('the end', () => statedOf('event.handled').length === 1);
      expect(statedOf('event.retried')).toHaveLength(2);
    },
  );

  given(declared.durable)('what fails for good or cannot be read is a dead letter, and the rest goes on', async () => {
    const bus = open();
    const seen: string[] = [];
    await bus.subscribe(
      userRegistered,
      ({ payload }) => {
        if (payload.userId === 'secret-person') throw new Error(`cannot greet ${payload.userId}`);
        seen.push(payload.userId);
      },
      { group: 'g', attempts: 2, ...ONCE_MORE },
    );
    await bus.publish(userRegistered({ userId: 'secret-person' }, { id: 'bad' }));
    await bus.forward({
      id: 'worse',
      type: 'user.registered',
      timestamp: new Date(),
      correlationId: 'c',
      text: 'no JSON',
    });
    await bus.publish(userRegistered({ userId: 'fine' }));
    await waitFor('both ends', () => statedOf('event.dead').length === 2 && seen.length === 1);
    expect(
      statedOf('event.dead')
        .map(({ fields }) => 'reason' in fields && fields.reason)
        .toSorted(),
    ).toEqual(['attempts-exhausted', 'undecodable']);
    // Neither facts nor dead letters tell what the contract calls sensitive.
    const letters = (await bus.deadLetters()).toSorted((a, b) => a.reason.localeCompare(b.reason));
    expect(letters).toMatchObject([
      {
        subscription: 'g',
        reason: 'attempts-exhausted',
        eventId: 'bad',
        eventType: 'user.registered',
        attempts: 2,
      },
      { subscription: 'g', reason: 'undecodable', attempts: 1 },
    ]);
    expect(letters.map(({ error }) => error).join(' ')).not.toContain('secret-person');
  });

  given(declared.durable)(
    'a dead letter that is replayed goes to its subscription alone; one that is discarded is gone',
    async () => {
      const bus = open();
      let broken = true;
      const seen: string[] = [];
      const options = { attempts: 1, ...ONCE_MORE };
      await bus.subscribe(userUpdated, event => void seen.push(`other ${event.id}`), { group: 'other', ...options });
      await bus.subscribe(
        userUpdated,
        event => {
          if (broken) throw new Error('broken');
          seen.push(`mended ${event.id}`);
        },
        { group: 'mended', ...options },
      );
      await bus.publish(userUpdated({ userId: 'a' }, { id: 'a' }));
      await bus.publish(userUpdated({ userId: 'b' }, { id: 'b' }));
      await waitFor('two dead', async () => (await bus.deadLetters()).length === 2 && seen.length === 2);
      broken = false;
      const [letterA, letterB] = (await bus.deadLetters()).toSorted((x, y) => x.eventId.localeCompare(y.eventId));
      await expect(bus.discardDeadLetter(letterB?.id ?? '')).resolves.toBe(true);
      await expect(bus.replayDeadLetter(letterA?.id ?? '')).resolves.toBe(true);
      await expect(bus.replayDeadLetter(letterA?.id ?? '')).resolves.toBe(false);
      await waitFor('the replayed one', () => seen.length === 3);
      expect(seen.toSorted()).toEqual(['mended a', 'other a', 'other b']);
      await expect(bus.deadLetters()).resolves.toEqual([]);
    },
  );

  given(!declared.replay)('without replay it refuses one, and says what would do', async () => {
    await expect(open().replay('user.*', () => undefined, { from: new Date() })).rejects.toMatchObject({
      code: 'CAPABILITY_MISSING',
      message: expect.stringContaining('redis-streams'),
    });
  });

  given(declared.replay)(
    'what was published before comes again to one subscriber, in order, from an instant or an id',
    async () => {
      const bus = open();
      const before = new Date(Date.now() - 60_000);
      for (const id of ['a', 'b', 'c']) await bus.publish(userUpdated({ userId: id }, { id }));
      await bus.publish(orderPlaced({ orderId: 'o' }));
      const seen: string[] = [];
      await expect(bus.replay(userUpdated, event => void seen.push(event.id), { from: before })).resolves.toBe(3);
      await expect(bus.replay('#', event => void seen.push(event.type), { from: 'b' })).resolves.toBe(3);
      expect(seen).toEqual(['a', 'b', 'c', 'user.updated', 'user.updated', 'order.placed']);
      await expect(bus.replay('#', () => undefined, { from: new Date(Date.now() + 60_000) })).resolves.toBe(0);
      await expect(bus.replay('#', () => undefined, { from: 'never-published' })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringContaining('never-published'),
      });
    },
  );
}
