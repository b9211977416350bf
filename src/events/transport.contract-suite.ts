import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { waitFor } from '../../tests/support/wait-for.ts';
import { causedBy } from '../tracing/index.ts';
import { defineEvent, type EventEnvelope } from '../contracts/index.ts';
import { abilitiesContract } from './transport-abilities.contract-suite.ts';
import {
  orderPlaced,
  transportTrial,
  userRegistered,
  userUpdated,
  type TransportFixture,
} from './transport-trial.contract-suite.ts';
import type { Capabilities } from './transport.ts';

/** What every transport has to pass, as far as the capabilities go that it declares. */
export function transportContract(
  name: string,
  declared: Capabilities,
  openFixture: () => Promise<TransportFixture>,
): void {
  describe(`the transport ${name}`, () => {
    const trial = transportTrial(openFixture);
    const { open, stated, statedOf } = trial;

    test('an event arrives whole: dates are dates, id, correlation, cause, user and trace are kept', async () => {
      const bus = open();
      const seen: EventEnvelope[] = [];
      await bus.subscribe(userRegistered, event => void seen.push(event));
      const at = new Date('2026-01-02T03:04:05.678Z');
      const options = { id: 'e-1', timestamp: at, correlationId: 'c-1', causationId: 'k-1', userId: 'u-1' };
      await expect(bus.publish(userRegistered({ userId: 'u-1', at }, options))).resolves.toEqual({
        id: 'e-1',
        type: 'user.registered',
        timestamp: at,
        correlationId: 'c-1',
      });
      await waitFor('the event', () => seen.length === 1);
      expect(seen[0]).toEqual({
        id: 'e-1',
        type: 'user.registered',
        version: 1,
        timestamp: at,
        payload: { userId: 'u-1', at },
        metadata: {
          correlationId: 'c-1',
          causationId: 'k-1',
          userId: 'u-1',
          traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
        },
      });
    });

    test('every subscription without a group gets every event, only of its pattern, and none after it has ended', async () => {
      const bus = open();
      const seen: string[] = [];
      const stopFirst = await bus.subscribe(userRegistered, event => void seen.push(`first ${event.type}`));
      await bus.subscribe('user.*', event => void seen.push(`user ${event.type}`));
      await bus.subscribe('#', event => void seen.push(`all ${event.type}`));
      await bus.publish(userRegistered({ userId: 'u' }));
      await bus.publish(orderPlaced({ orderId: 'o' }));
      await waitFor('four deliveries', () => seen.length === 4);
      expect(seen.toSorted()).toEqual([
        'all order.placed',
        'all user.registered',
        'first user.registered',
        'user user.registered',
      ]);
      await stopFirst();
      await bus.publish(userRegistered({ userId: 'u' }));
      await waitFor('two more', () => seen.length === 6);
      expect(seen.filter(each => each.startsWith('first'))).toHaveLength(1);
    });

    test('a handler that throws, now or later, affects neither the publisher nor another handler', async () => {
      const bus = open();
      const seen: string[] = [];
      await bus.subscribe(userUpdated, () => {
        throw new Error('at once');
      });
      await bus.subscribe(userUpdated, async () => {
        throw new Error('later');
      });
      await bus.subscribe(userUpdated, event => void seen.push(event.payload.userId));
      await bus.publish(userUpdated({ userId: 'one' }));
      await bus.publish(userUpdated({ userId: 'two' }));
      await waitFor('both events', () => seen.length === 2);
      await waitFor('both failures, twice', () => statedOf('event.failed').length === 4);
      expect(seen.toSorted()).toEqual(['one', 'two']);
    });

    test('what a handler publishes names its cause, and its span is a child of the handling span', async () => {
      const bus = open();
      const seen: EventEnvelope[] = [];
      await bus.subscribe(userUpdated, event => void seen.push(event));
      await bus.subscribe(orderPlaced, async event => {
        seen.push(event);
        await Promise.resolve();
        await bus.publish(userUpdated({ userId: 'u' }));
      });
      const cause = { correlationId: 'request-1', causationId: undefined, userId: 'u-9', traceparent: undefined };
      const placed = await causedBy(cause, () => bus.publish(orderPlaced({ orderId: 'o' })));
      const updated = await waitFor('the second event', () => seen.find(({ type }) => type === 'user.updated'));
      expect(updated.metadata).toMatchObject({ correlationId: 'request-1', causationId: placed.id, userId: 'u-9' });
      const traces = seen.map(({ metadata }) => metadata.traceparent?.slice(0, 35));
      expect(new Set(traces).size).toBe(1);
      expect(new Set(seen.map(({ metadata }) => metadata.traceparent)).size).toBe(2);
    });

    test('what cannot be published is refused at the call', async () => {
      const bus = open();
      // @ts-expect-error wrong on purpose
      await expect(bus.publish(userUpdated({ userId: 7 }))).rejects.toMatchObject({ code: 'INVALID_PAYLOAD' });
      const stranger = defineEvent('stranger.arrived', { schema: z.object({}) });
      await expect(bus.publish(stranger({}))).rejects.toMatchObject({
        code: 'EVENT_UNKNOWN',
        message: expect.stringContaining('user.registered'),
      });
      await expect(bus.subscribe(stranger, () => undefined)).rejects.toMatchObject({ code: 'EVENT_UNKNOWN' });
      await expect(bus.subscribe('User.*', () => undefined)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
      await expect(bus.subscribe('user.*', () => undefined, { attempts: 0 })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
      });
      // @ts-expect-error wrong on purpose
      await expect(bus.subscribe(userUpdated, undefined)).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringContaining('expected a function as its handler'),
      });
      for (const timestamp of [new Date('+010000-01-01T00:00:00Z'), new Date('0000-12-31T23:59:59Z')]) {
        await expect(bus.publish(userUpdated({ userId: 'u' }, { timestamp }))).rejects.toMatchObject({
          code: 'INVALID_OPTIONS',
          message: expect.stringContaining('years 1 to 9999'),
        });
      }
      await expect(bus.deadLetters(Number.NaN)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    });

    test('a pattern that fits no event is a warning', async () => {
      const bus = open();
      await bus.subscribe('users.*', () => undefined);
      expect(statedOf('bus.warning')).toHaveLength(1);
    });

    test('close lets running handlers end, and nothing works after it', async () => {
      const bus = open();
      const gate = Promise.withResolvers<void>();
      let ended = false;
      let began = false;
      await bus.subscribe(userUpdated, async () => {
        began = true;
        await gate.promise;
        ended = true;
      });
      await bus.publish(userUpdated({ userId: 'u' }));
      await waitFor('the handler', () => began);
      const closing = bus.close();
      gate.resolve();
      await closing;
      expect(ended).toBe(true);
      await expect(bus.publish(userUpdated({ userId: 'u' }))).rejects.toMatchObject({ code: 'BUS_CLOSED' });
      await expect(bus.subscribe(userUpdated, () => undefined)).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    });

    test('a handler that is let end by close can still publish, and one more close waits for the same', async () => {
      const bus = open();
      const gate = Promise.withResolvers<void>();
      let began = false;
      let published: string | undefined;
      await bus.subscribe(userUpdated, async () => {
        began = true;
        await gate.promise;
        published = (await bus.publish(orderPlaced({ orderId: 'o' }))).type;
      });
      await bus.publish(userUpdated({ userId: 'u' }));
      await waitFor('the handler', () => began);
      const closing = bus.close();
      expect(bus.close()).toBe(closing);
      await expect(bus.subscribe(userUpdated, () => undefined)).rejects.toMatchObject({ code: 'BUS_CLOSED' });
      gate.resolve();
      await closing;
      expect(published).toBe('order.placed');
    });

    test('a subscription that comes while the bus closes leaves nothing behind', async () => {
      const bus = open();
      const seen: string[] = [];
      // Connected, so that both are under way together.
      await bus.publish(userUpdated({ userId: 'before' }));
      const late = bus.subscribe(userUpdated, ({ id }) => void seen.push(id));
      const [refused] = await Promise.allSettled([late, bus.close(1_000)]);
      expect(refused.status).toBe('rejected');
      await open().publish(userUpdated({ userId: 'after' }));
      expect(seen).toEqual([]);
    });

    test('close waits no longer than it is told', async () => {
      const bus = open();
      let began = false;
      await bus.subscribe(userUpdated, () => {
        began = true;
        return new Promise(() => undefined);
      });
      await bus.publish(userUpdated({ userId: 'u' }));
      await waitFor('the handler', () => began);
      await bus.close(50);
      expect(began).toBe(true);
    });

    test('an event that does not fit its contract never reaches the handler', async () => {
      const bus = open();
      const seen: string[] = [];
      await bus.subscribe(userUpdated, event => void seen.push(event.id), { name: 'reader' });
      const head = { id: 'bad', type: 'user.updated', timestamp: new Date(), correlationId: 'c' };
      // Where the publisher waits for subscribers it is told; elsewhere it is not.
      await bus.forward({ ...head, text: '{"specversion":"1.0"}' }).catch(() => undefined);
      const event = { specversion: '1.0', source: 's', id: 'bad', type: 'user.updated', time: new Date() };
      await bus.forward({ ...head, text: JSON.stringify({ ...event, data: { userId: 7 } }) }).catch(() => undefined);
      await bus.publish(userUpdated({ userId: 'good' }, { id: 'good' }));
      await waitFor('the good one', () => seen.length === 1);
      expect(seen).toEqual(['good']);
      await waitFor('both refusals', () => statedOf('event.failed').length === 2);
    });

    test('says how much waits for a subscription, with a group or without, until it has caught up', async () => {
      const bus = open();
      const gate = Promise.withResolvers<void>();
      const groups = declared.groups ? [undefined, 'g'] : [undefined];
      for (const group of groups) {
        const own = group === undefined ? {} : { group };
        await bus.subscribe(userUpdated, () => gate.promise, { ...own, name: `slow ${group}`, concurrency: 1 });
      }
      for (let index = 0; index < 3; index += 1) await bus.publish(userUpdated({ userId: 'u' }));
      for (const group of groups) {
        const lags = (): readonly unknown[] =>
          stated().flatMap(({ name: fact, fields }) =>
            fact === 'subscription.lag' && fields.subscription === `slow ${group}` ? [fields.pending] : [],
          );
        await waitFor(`three to wait for ${group}`, () => lags().includes(3));
      }
      gate.resolve();
      for (const group of groups) {
        await waitFor(`${group} to have caught up`, () =>
          stated().some(
            ({ name: fact, fields }, index) =>
              fact === 'subscription.lag' &&
              fields.subscription === `slow ${group}` &&
              fields.pending === 0 &&
              stated()
                .slice(0, index)
                .some(each => each.name === 'event.handled'),
          ),
        );
      }
      expect(statedOf('event.handled')).toHaveLength(3 * groups.length);
    });

    abilitiesContract(name, declared, trial);
  });
}
