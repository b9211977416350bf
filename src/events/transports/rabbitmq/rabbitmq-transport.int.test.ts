import { connect, type ChannelModel } from 'amqplib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { namespace } from '../../../../tests/support/engines.ts';
import { startRabbit, type RabbitServer } from '../../../../tests/support/rabbitmq-server.ts';
import { startTcpProxy } from '../../../../tests/support/tcp-proxy.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { dead, defineEvent, retryAfter, snooze, type EventEnvelope } from '../../../contracts/index.ts';
import { Facts } from '../../../facts/index.ts';
import { exponential, fixed } from '../../../resilience/index.ts';
import { Bus } from '../../bus/bus.ts';
import { events, orderPlaced, userUpdated } from '../../transport-trial.contract-suite.ts';
import { transportContract } from '../../transport.contract-suite.ts';
import { openRabbitMq } from './open-rabbitmq.ts';
import { RabbitMqTransport } from './rabbitmq-transport.ts';
import { declareOwn, declarePause, namesOf } from './topology.ts';

const userDeleted = defineEvent('user.deleted', { schema: z.object({ userId: z.string() }) });
const DECLARED = { durable: true, replay: false, ordered: true, fanOut: true, groups: true };

describe('rabbitmq', () => {
  let server: RabbitServer;
  beforeAll(async () => {
    server = await startRabbit();
  });
  afterAll(() => server.stop());

  transportContract('rabbitmq', DECLARED, async () => {
    const options = { url: server.url, namespace: namespace(), inspectEveryMs: 50 };
    return { open: () => new RabbitMqTransport(options), cleanup: async () => undefined };
  });

  describe('beyond the contract', () => {
    let space: string;
    let facts: Facts;
    let buses: Bus[];
    let raw: ChannelModel;

    beforeEach(async () => {
      space = namespace();
      facts = new Facts();
      buses = [];
      raw = await connect(server.url);
      raw.on('error', () => undefined);
    });
    afterEach(async () => {
      vi.restoreAllMocks();
      await Promise.all(buses.map(bus => bus.close(1_000)));
      await raw.close().catch(() => undefined);
    });

    const open = async (inspectEveryMs = 30): Promise<Bus> => {
      const transport = await openRabbitMq({ url: server.url, namespace: space, inspectEveryMs });
      const bus = new Bus({ events, transport, facts });
      buses.push(bus);
      return bus;
    };
    const once = { group: 'g', backoff: fixed(20) } as const;
    /** Each look at the length of a queue declares what the subscription needs, too: these tests take it away. */
    const SELDOM_MS = 3_600_000;
    /** Takes a message off a queue. One that is not there yet closes the channel that asks, one that is just made the connection that gets. */
    const takeFrom = async (queue: string) => {
      const channel = await raw.createChannel();
      channel.on('error', () => undefined);
      const { messageCount } = await channel.checkQueue(queue);
      return messageCount > 0 && channel.get(queue, { noAck: true });
    };

    test('an event that cannot be made a dead letter yet is held: its handler does not run again, and its reason stays', async () => {
      const bus = await open(SELDOM_MS);
      let calls = 0;
      const handler = () => {
        calls += 1;
        return dead('for good');
      };
      await bus.subscribe(userUpdated, handler, once);
      // The first publication declares the queue of the letters, too.
      await bus.publish(orderPlaced({ orderId: 'o' }));
      const channel = await raw.createChannel();
      const { letters } = namesOf(space);
      await channel.deleteQueue(letters);
      const warned = facts.next('bus.warning');
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
      await expect(warned).resolves.toMatchObject({ warning: expect.stringContaining('the subscription "g"') });
      // Nobody has asked for the letters, which would declare their queue.
      const letter = await waitFor('the letter', () => takeFrom(letters).catch(() => false as const));
      expect(letter.properties.headers).toMatchObject({ 'x-reason': 'said-by-handler', 'x-event-id': 'e-1' });
      expect(calls).toBe(1);
    });

    test('a dead letter that is confirmed late is written once, its handler does not run again, and that it waits is stated', async () => {
      const proxy = await startTcpProxy(Number(new URL(server.url).port));
      const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
      const bus = new Bus({ events, transport: new RabbitMqTransport({ url, namespace: space }), facts });
      buses.push(bus);
      const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let calls = 0;
      const handler = async () => {
        calls += 1;
        begun.resolve();
        await answer.promise;
        return dead('for good');
      };
      await bus.subscribe(userUpdated, handler, once);
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
      await begun.promise;
      const warned = facts.next('bus.warning');
      proxy.hold();
      answer.resolve();
      await expect(warned).resolves.toMatchObject({ warning: expect.stringContaining('no confirmation came in time') });
      proxy.release();
      const { letters, queueOf } = namesOf(space);
      const channel = await raw.createChannel();
      // Nothing is under way any more when the queue can be emptied: what is not acknowledged stays where it is.
      await bus.close(20_000);
      expect(await channel.checkQueue(queueOf('g', userUpdated.name))).toMatchObject({ messageCount: 0 });
      expect(await channel.checkQueue(letters)).toMatchObject({ messageCount: 1 });
      expect(calls).toBe(1);
      await proxy.close();
    });

    test('what a handler answers while its subscription stops is moved on: it does not come again at once', async () => {
      const bus = await open(SELDOM_MS);
      const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      let calls = 0;
      const handler = async () => {
        calls += 1;
        begun.resolve();
        await answer.promise;
        return dead('for good');
      };
      await bus.subscribe(userUpdated, handler, once);
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1' }));
      await begun.promise;
      const closing = bus.close(20_000);
      answer.resolve();
      await closing;
      const { letters, queueOf } = namesOf(space);
      const channel = await raw.createChannel();
      expect(await channel.checkQueue(letters)).toMatchObject({ messageCount: 1 });
      expect(await channel.checkQueue(queueOf('g', userUpdated.name))).toMatchObject({ messageCount: 0 });
      expect(calls).toBe(1);
    });

    test('subscriptions get events again after the exchange, or a binding, was deleted', async () => {
      const bus = await open();
      const seen: string[] = [];
      await bus.subscribe(userUpdated, ({ id }) => void seen.push(`group ${id}`), once);
      await bus.subscribe(userUpdated, ({ id }) => void seen.push(`own ${id}`));
      const channel = await raw.createChannel();
      const { events: exchange, queueOf } = namesOf(space);
      const ways = [
        () => channel.deleteExchange(exchange),
        () => channel.unbindQueue(queueOf('g', userUpdated.name), exchange, userUpdated.name),
      ];
      for (const [index, way] of ways.entries()) {
        await way();
        await waitFor('both subscriptions', async () => {
          // The first after the deletion may find that the exchange is gone, and those before it is bound are lost, as is stated.
          await bus.publish(userUpdated({ userId: 'u' }, { id: `e-${index}` }));
          return ['group', 'own'].every(which => seen.includes(`${which} e-${index}`));
        });
        expect(seen).toEqual(expect.arrayContaining([`group e-${index}`, `own e-${index}`]));
      }
    });

    test('a message says what it is and outlives the broker, and its queue has a dead-letter exchange', async () => {
      const bus = await open();
      await (
        await bus.subscribe(userUpdated, () => undefined, once)
      )();
      const timestamp = new Date('2026-01-02T03:04:05.678Z');
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'e-1', timestamp, correlationId: 'c-1' }));
      const channel = await raw.createChannel();
      const message = await channel.get(`${space}:g:user.updated`);
      if (message === false) throw new Error('No message.');
      expect(message.properties).toMatchObject({
        messageId: 'e-1',
        type: 'user.updated',
        contentType: 'application/cloudevents+json',
        correlationId: 'c-1',
        timestamp: 1_767_323_045,
        deliveryMode: 2,
      });
      expect(message.fields).toMatchObject({ exchange: `${space}.events`, routingKey: 'user.updated' });
      // The broker refuses a declaration that differs, and says in what.
      channel.on('error', () => undefined);
      await expect(channel.assertQueue(`${space}:g:user.updated`, { durable: true })).rejects.toThrow(
        /x-dead-letter-exchange.*events\.dead/,
      );
    });

    test('an event that no queue takes is published, and stated as unroutable', async () => {
      const bus = await open();
      const unroutable = facts.next('event.unroutable');
      const { id } = await bus.publish(orderPlaced({ orderId: 'o' }));
      await expect(unroutable).resolves.toMatchObject({ eventId: id, eventType: 'order.placed' });
    });

    test('a consumer that the broker cancels comes back by itself', async () => {
      const bus = await open();
      const seen: string[] = [];
      await bus.subscribe(userUpdated, ({ payload }) => void seen.push(payload.userId), once);
      const channel = await raw.createChannel();
      await channel.deleteQueue(`${space}:g:user.updated`);
      await waitFor('an event', async () => {
        await bus.publish(userUpdated({ userId: 'again' }));
        return seen.includes('again');
      });
      expect(seen).toContain('again');
    });

    test('a message that kills its consumer again and again is a dead letter of the broker, and can be replayed', async () => {
      const bus = await open();
      await (
        await bus.subscribe(userUpdated, () => undefined, once)
      )();
      await bus.publish(userUpdated({ userId: 'killer' }, { id: 'killer' }));
      let deaths = 0;
      await waitFor('the broker to give it up', async () => {
        const channel = await raw.createChannel();
        // Taken and never answered. It comes back some time after the channel has ended: until then there is nothing to take.
        if ((await channel.get(`${space}:g:user.updated`)) !== false) deaths += 1;
        await channel.close();
        return (await bus.countDeadLetters()) > 0;
      });
      expect(deaths).toBeGreaterThanOrEqual(20);
      const [letter] = await waitFor('the letter', async () => {
        const letters = await bus.deadLetters();
        return letters.length > 0 && letters;
      });
      expect(letter).toMatchObject({ eventId: 'killer', reason: 'poison', subscription: `${space}:g:user.updated` });
      const seen: string[] = [];
      await bus.subscribe(userUpdated, event => void seen.push(event.id), once);
      await expect(bus.replayDeadLetter(letter?.id ?? '')).resolves.toBe(true);
      await waitFor('the replay', () => seen.length === 1);
      expect(seen).toEqual(['killer']);
    });

    test('deliveries that ended without an answer count: no handler meets an event more often than it may', async () => {
      const bus = await open();
      await (
        await bus.subscribe(userUpdated, () => undefined, once)
      )();
      await bus.publish(userUpdated({ userId: 'killer' }));
      for (let death = 0; death < 3; death += 1) {
        const channel = await raw.createChannel();
        // It comes back some time after the channel before has ended.
        await waitFor('a delivery', () => channel.get(`${space}:g:user.updated`));
        await channel.close();
      }
      const dead = facts.next('event.dead');
      const seen: string[] = [];
      await bus.subscribe(userUpdated, event => void seen.push(event.id), { ...once, attempts: 3 });
      await expect(dead).resolves.toMatchObject({ reason: 'poison', attempt: 4 });
      expect(seen).toEqual([]);
    });

    test('a subscription that was refused because no answer came takes no event when the answer comes late', async () => {
      const proxy = await startTcpProxy(Number(new URL(server.url).port));
      const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
      const bus = new Bus({ events, transport: new RabbitMqTransport({ url, namespace: space }), facts });
      buses.push(bus);
      // Its connection stands.
      await bus.countDeadLetters();
      proxy.hold();
      const seen: string[] = [];
      await expect(bus.subscribe(userUpdated, ({ id }) => void seen.push(id), once)).rejects.toMatchObject({
        code: 'BUS_UNAVAILABLE',
        message: expect.stringContaining('no answer came in time'),
      });
      proxy.release();
      const queue = `${space}:g:user.updated`;
      const probe = async (): Promise<{ messageCount: number; consumerCount: number }> => {
        const channel = await raw.createChannel();
        channel.on('error', () => undefined);
        const state = await channel.checkQueue(queue);
        await channel.close();
        return state;
      };
      await waitFor('the late declaration', probe);
      await bus.publish(userUpdated({ userId: 'u' }));
      await waitFor('an event that nobody takes', async () => {
        const { messageCount, consumerCount } = await probe();
        return messageCount === 1 && consumerCount === 0;
      });
      expect(seen).toEqual([]);
      await bus.subscribe(userUpdated, ({ id }) => void seen.push(id), once);
      await waitFor('the event', () => seen.length === 1);
      await bus.close(1_000);
      await proxy.close();
    });

    test('a publisher whose channel the broker closed, and did not give back at once, works again', async () => {
      const bus = await open(SELDOM_MS);
      const gate = Promise.withResolvers<void>();
      const failing = facts.next('event.retried');
      await bus.subscribe(userUpdated, () => gate.promise, once);
      await bus.publish(userUpdated({ userId: 'u' }));
      // What stands there with other settings closes the channel of whoever declares it.
      const channel = await raw.createChannel();
      await channel.assertQueue(`${space}:g:user.updated:pause-50`, { durable: true });
      await channel.deleteExchange(`${space}.events`);
      await channel.assertExchange(`${space}.events`, 'fanout');
      gate.reject(new Error('not yet'));
      await failing;
      await waitFor('a refusal', async () => {
        try {
          await bus.publish(orderPlaced({ orderId: 'o' }));
          return false;
        } catch (error) {
          return error instanceof Error && error.message.includes('other settings');
        }
      });
      await channel.deleteExchange(`${space}.events`);
      await channel.deleteQueue(`${space}:g:user.updated:pause-50`);
      await waitFor('a publication', () => bus.publish(orderPlaced({ orderId: 'o' })));
      expect(bus.transport).toBe('rabbitmq');
    });

    test('an event from before 1970, or with long ids of other scripts, arrives whole and is known by its id where it is unroutable', async () => {
      const bus = await open();
      const seen: EventEnvelope[] = [];
      await bus.subscribe(userUpdated, event => void seen.push(event), once);
      const timestamp = new Date('1969-07-20T20:17:00.000Z');
      const [id, correlationId] = ['請'.repeat(200), 'é'.repeat(200)];
      await bus.publish(userUpdated({ userId: 'u' }, { id, correlationId, timestamp }));
      await waitFor('the event', () => seen.length === 1);
      expect(seen[0]).toMatchObject({ id, timestamp, metadata: { correlationId } });
      const unroutable = facts.next('event.unroutable');
      await bus.publish(orderPlaced({ orderId: 'o' }, { id }));
      await expect(unroutable).resolves.toMatchObject({ eventId: id });
    });

    test('what AMQP has no room for is no outage: it is refused by name, and the next is published', async () => {
      const bus = await open();
      const head = { id: 'e-1', timestamp: new Date(), correlationId: 'c', text: '{}' };
      await expect(bus.forward({ ...head, type: 'x'.repeat(300) })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringMatching(/"e-1".*routingKey/),
      });
      await expect(bus.publish(orderPlaced({ orderId: 'o' }))).resolves.toMatchObject({ type: 'order.placed' });
    });

    test('a group and an event share no queue with another group and event, nor with dead letters and pauses', async () => {
      const invoicePaid = defineEvent('invoice.paid', { schema: z.object({}) });
      const euInvoicePaid = defineEvent('eu.invoice.paid', { schema: z.object({}) });
      const transport = new RabbitMqTransport({ url: server.url, namespace: space });
      const bus = new Bus({ events: [invoicePaid, euInvoicePaid], transport, facts });
      buses.push(bus);
      const seen: string[] = [];
      await bus.subscribe(invoicePaid, ({ type }) => void seen.push(`billing.eu ${type}`), { group: 'billing.eu' });
      await bus.subscribe(euInvoicePaid, ({ type }) => void seen.push(`billing ${type}`), { group: 'billing' });
      for (let index = 0; index < 4; index += 1) await bus.publish(invoicePaid({}));
      await bus.publish(euInvoicePaid({}));
      await waitFor('all', () => seen.length === 5);
      expect(seen.toSorted()).toEqual([
        'billing eu.invoice.paid',
        ...Array.from({ length: 4 }, () => 'billing.eu invoice.paid'),
      ]);
      const names = namesOf(space);
      expect(names.queueOf('events', 'dead')).not.toBe(names.letters);
      const channel = await raw.createChannel();
      const pause = await declarePause(channel, names.queueOf('g', 'user'), 1_000);
      expect(names.queueOf('g', 'user.pause-1000')).not.toBe(pause);
    });

    test('a queue whose pauses would have too long a name is refused at the call; one that just fits is retried', async () => {
      const longEnded = defineEvent(`${'a'.repeat(94)}.ended`, { schema: z.object({}) });
      const long = space.padEnd(39, 'n');
      const transport = new RabbitMqTransport({ url: server.url, namespace: long });
      const bus = new Bus({ events: [longEnded], transport, facts });
      buses.push(bus);
      const seen: number[] = [];
      const take = (_event: unknown, { attempt }: { readonly attempt: number }): void => {
        seen.push(attempt);
        if (attempt === 1) throw retryAfter('2h', 'not yet');
      };
      const group = 'g'.repeat(100);
      const retried = facts.next('event.retried');
      await bus.subscribe(longEnded, take, { group });
      await bus.publish(longEnded({}));
      await retried;
      const pause = `${namesOf(long).queueOf(group, longEnded.name)}:pause-3600000`;
      expect(pause).toHaveLength(255);
      await waitFor('its pause', () => takeFrom(pause));
      await expect(bus.subscribe(`${longEnded.name}.#`, take, { group })).rejects.toMatchObject({
        code: 'INVALID_OPTIONS',
        message: expect.stringContaining('239 bytes'),
      });
    });

    test('a pause that is longer than any queue of pauses is kept, and spends no attempt', async () => {
      const bus = await open();
      const seen: string[] = [];
      const retried = facts.next('event.retried');
      await bus.subscribe(
        userUpdated,
        ({ id }, { attempt }) => {
          seen.push(`${id} ${attempt}`);
          return id === 'long' ? snooze('30d', 'not now') : undefined;
        },
        once,
      );
      await bus.publish(userUpdated({ userId: 'u' }, { id: 'long' }));
      await retried;
      const channel = await raw.createChannel();
      const pause = `${space}:g:user.updated:pause-3600000`;
      const message = await waitFor('the pause', () => takeFrom(pause));
      const until: unknown = message.properties.headers?.['x-not-before'];
      expect(Number(until)).toBeGreaterThan(Date.now() + 29 * 86_400_000);
      // As the broker brings it after an hour.
      const { headers } = message.properties;
      const queue = `${space}:g:user.updated`;
      channel.sendToQueue(queue, message.content, { messageId: 'long', headers: { ...headers } });
      const again = await waitFor('the next pause', () => takeFrom(pause));
      expect(again.properties.headers).toMatchObject({ 'x-not-before': until, 'x-attempts': 0 });
      const soon = userUpdated({ userId: 'u' }, { id: 'short' });
      await bus.publish(soon);
      await waitFor('another event', () => seen.length === 2);
      expect(seen).toEqual(['long 1', 'short 1']);
      channel.sendToQueue(queue, again.content, { messageId: 'long', headers: { 'x-not-before': Date.now() + 40 } });
      await waitFor('the end of the pause', () => seen.length === 3);
      expect(seen.at(-1)).toBe('long 1');
    });

    test('what a stranger counts in its headers keeps no message from its dead letter', async () => {
      const bus = await open();
      const dead = facts.next('event.dead');
      const never = () => Promise.reject(new Error('never'));
      await bus.subscribe(userUpdated, never, { ...once, attempts: 2 });
      const channel = await raw.createChannel();
      const event = { specversion: '1.0', source: 's', id: 'e-1', type: 'user.updated', time: new Date() };
      const text = JSON.stringify({ ...event, data: { userId: 'u' } });
      channel.publish(`${space}.events`, 'user.updated', Buffer.from(text), {
        headers: { 'x-attempts': 'many', 'x-not-before': 'never' },
      });
      await expect(dead).resolves.toMatchObject({ attempt: 2, reason: 'attempts-exhausted' });
    });

    test('who looks at dead letters together with others finds all of them, each time', async () => {
      const [first, second] = [await open(), await open()];
      await first.subscribe(userUpdated, () => dead('for good'), once);
      for (let index = 0; index < 12; index += 1)
        await first.publish(userUpdated({ userId: 'u' }, { id: `e-${index}` }));
      await waitFor('the letters', async () => (await first.countDeadLetters()) === 12);
      const letters = await first.deadLetters();
      const looks = await Promise.all(
        letters.flatMap(({ id }, index) => {
          const bus = index % 2 === 0 ? first : second;
          return [bus.discardDeadLetter(id), second.countDeadLetters().then(() => true)];
        }),
      );
      expect(looks).toEqual(Array.from({ length: 24 }, () => true));
      await expect(second.deadLetters()).resolves.toEqual([]);
    });

    test('messages of strangers without an id are dead letters that can be told apart', async () => {
      const bus = await open();
      await bus.subscribe(userUpdated, () => undefined, once);
      const channel = await raw.createChannel();
      for (const text of ['first nonsense', 'second nonsense']) {
        channel.publish(`${space}.events`, 'user.updated', Buffer.from(text));
      }
      const letters = await waitFor('both', async () => {
        const found = await bus.deadLetters();
        return found.length === 2 && found;
      });
      expect(letters.map(({ reason }) => reason)).toEqual(['undecodable', 'undecodable']);
      const [first, second] = letters;
      expect(first?.id).not.toBe(second?.id);
      await expect(bus.discardDeadLetter(second?.id ?? '')).resolves.toBe(true);
      expect((await bus.deadLetters()).map(({ id }) => id)).toEqual([first?.id]);
    });

    test('what cannot be read is a letter also where there is no group, and that queue has a dead-letter exchange', async () => {
      const bus = await open();
      await bus.subscribe(userUpdated, () => undefined, { name: 'everybody' });
      const channel = await raw.createChannel();
      channel.publish(`${space}.events`, 'user.updated', Buffer.from('nonsense'));
      const [letter] = await waitFor('the letter', async () => {
        const found = await bus.deadLetters();
        return found.length > 0 && found;
      });
      expect(letter).toMatchObject({ subscription: 'everybody', reason: 'undecodable', eventType: 'user.updated' });
      // A message that is refused for good in such a queue comes to the same place.
      const own = await declareOwn(channel, namesOf(space), 'order.placed');
      await channel.consume(own, message => message && channel.nack(message, false, false));
      channel.publish(`${space}.events`, 'order.placed', Buffer.from('refused'));
      await waitFor('the second letter', async () => (await bus.countDeadLetters()) === 2);
    });

    test('a type that this app has no contract for is stated as unhandled, and the next event is handled', async () => {
      const bus = await open();
      const seen: string[] = [];
      const unhandled = facts.next('event.unhandled');
      await bus.subscribe('user.*', ({ type }) => void seen.push(type), once);
      const stranger = new Bus({
        events: [userDeleted],
        transport: new RabbitMqTransport({ url: server.url, namespace: space }),
      });
      buses.push(stranger);
      await stranger.publish(userDeleted({ userId: 'u' }, { id: 'strange' }));
      await bus.publish(userUpdated({ userId: 'u' }));
      await expect(unhandled).resolves.toMatchObject({ eventId: 'strange', eventType: 'user.deleted' });
      await waitFor('the next', () => seen.length === 1);
      expect(seen).toEqual(['user.updated']);
      await expect(bus.countDeadLetters()).resolves.toBe(0);
    });

    test('pauses between deliveries grow: each is spent in a queue of longer pauses', async () => {
      const bus = await open();
      // The jitter at its upper end.
      vi.spyOn(Math, 'random').mockReturnValue(0.99);
      const dead = facts.next('event.dead');
      const pauses: number[] = [];
      facts.on('event.retried', ({ fields }) => void pauses.push(fields.retryInMs));
      const backoff = exponential({ from: '45ms', to: '10s' });
      const never = () => Promise.reject(new Error('never'));
      await bus.subscribe(userUpdated, never, { group: 'g', attempts: 5, backoff });
      await bus.publish(userUpdated({ userId: 'u' }));
      await expect(dead).resolves.toMatchObject({ reason: 'attempts-exhausted', attempt: 5 });
      expect(pauses).toEqual([45, 89, 178, 356]);
      const channel = await raw.createChannel();
      channel.on('error', () => undefined);
      const queueOf = (pause: number): string => `${space}:g:user.updated:pause-${pause}`;
      for (const pause of [50, 250, 1_000]) await channel.checkQueue(queueOf(pause));
      await expect(channel.checkQueue(queueOf(5_000))).rejects.toThrow('NOT_FOUND');
    });

    test('an address where nobody listens is refused within two seconds', async () => {
      const transport = new RabbitMqTransport({ url: 'amqp://127.0.0.1:1', namespace: space });
      const bus = new Bus({ events, transport, facts });
      buses.push(bus);
      await expect(bus.publish(userUpdated({ userId: 'u' }))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await expect(bus.subscribe(userUpdated, () => undefined)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await expect(openRabbitMq({ url: 'redis://127.0.0.1' })).rejects.toThrow('amqp://');
    });

    test('a subscription whose queue stands with other settings after an outage keeps no other away, and comes when it may', async () => {
      const proxy = await startTcpProxy(Number(new URL(server.url).port));
      const url = `amqp://guest:guest@127.0.0.1:${proxy.port}`;
      const bus = new Bus({ events, transport: new RabbitMqTransport({ url, namespace: space }), facts });
      buses.push(bus);
      const seen: string[] = [];
      const take = ({ type }: { readonly type: string }) => void seen.push(type);
      await bus.subscribe(userUpdated, take, { ...once, name: 'barred' });
      await bus.subscribe(orderPlaced, take, once);
      const queue = `${space}:g:user.updated`;
      const warned = facts.next('bus.warning', ({ warning }) => warning.includes('barred'));
      // Its consumers learn nothing of it before they have lost their connection.
      proxy.hold();
      const channel = await raw.createChannel();
      await channel.deleteQueue(queue);
      await channel.assertQueue(queue, { durable: true });
      proxy.cut();
      proxy.release();
      await expect(warned).resolves.toMatchObject({ warning: expect.stringContaining('other settings') });
      await waitFor('the other subscription', async () => {
        await bus.publish(orderPlaced({ orderId: 'o' }));
        return seen.includes('order.placed');
      });
      await channel.deleteQueue(queue);
      await waitFor('the barred one', async () => {
        await bus.publish(userUpdated({ userId: 'u' }));
        return seen.includes('user.updated');
      });
      await bus.close(1_000);
      await proxy.close();
    });

    test('a subscription whose queue is made anew with other settings under it says so once, and comes when it may', async () => {
      const bus = await open();
      const seen: string[] = [];
      await bus.subscribe(userUpdated, ({ type }) => void seen.push(type), once);
      const queue = `${space}:g:user.updated`;
      const warnings: string[] = [];
      facts.on('bus.warning', ({ fields: { warning } }) => warnings.push(warning));
      const channel = await raw.createChannel();
      await channel.deleteQueue(queue);
      await channel.assertQueue(queue, { durable: true });
      await waitFor('the warning', () => warnings.length > 0);
      expect(warnings[0]).toContain('other settings');
      await channel.deleteQueue(queue);
      await waitFor('the subscription', async () => {
        await bus.publish(userUpdated({ userId: 'u' }));
        return seen.includes('user.updated');
      });
      expect(warnings).toHaveLength(1);
    });

    test('after a crash of the broker everything goes on by itself, and nothing that was confirmed is lost', async () => {
      const bus = await open();
      const seen = new Set<string>();
      const stop = await bus.subscribe(userUpdated, ({ payload }) => void seen.add(payload.userId), once);
      await stop();
      const confirmed: string[] = [];
      // RabbitMQ 3.10 itself forgets a quorum queue that was declared in the last half second before a crash (tried).
      const until = performance.now() + 2_000;
      await waitFor('the queue to be old enough', async () => {
        const userId = String(confirmed.length);
        await bus.publish(userUpdated({ userId }));
        confirmed.push(userId);
        return performance.now() > until;
      });
      const [lost, back] = [facts.next('bus.lost'), facts.next('bus.back')];
      await server.kill();
      await lost;
      await expect(bus.publish(userUpdated({ userId: 'nobody' }))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
      await server.start();
      await back;
      await waitFor('a subscription', () =>
        bus.subscribe(userUpdated, ({ payload }) => void seen.add(payload.userId), once),
      );
      await waitFor('all', () => confirmed.every(each => seen.has(each)));
      await bus.publish(userUpdated({ userId: 'after' }));
      await waitFor('the next', () => seen.has('after'));
      expect(seen.size).toBeGreaterThan(confirmed.length);
    });
  });
});
