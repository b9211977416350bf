import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { namespace, redisUrl } from '../../../../tests/support/engines.ts';
import { startRedis, type RedisServer } from '../../../../tests/support/redis-server.ts';
import { waitFor } from '../../../../tests/support/wait-for.ts';
import { Facts } from '../../../facts/index.ts';
import { Bus } from '../../bus/bus.ts';
import { events, userRegistered, userUpdated } from '../../transport-trial.contract-suite.ts';
import { transportContract } from '../../transport.contract-suite.ts';
import { RedisPubSubTransport } from './pubsub-transport.ts';

const DECLARED = { durable: false, replay: false, ordered: true, fanOut: true, groups: false };

transportContract('redis-pubsub', DECLARED, async () => {
  const options = { url: redisUrl(), namespace: namespace(), inspectEveryMs: 50 };
  return { open: () => new RedisPubSubTransport(options), cleanup: async () => undefined };
});

describe('redis-pubsub beyond the contract', () => {
  let bus: Bus;
  let facts: Facts;
  let server: RedisServer;

  beforeEach(async () => {
    server = await startRedis();
    facts = new Facts();
    const transport = new RedisPubSubTransport({ url: server.url, waitingAtMost: 2 });
    bus = new Bus({ events, transport, facts });
  });
  afterEach(async () => {
    await bus.close(500);
    await server.stop();
  });

  test('several types share a channel, and subscribers come and go on it without disturbing each other', async () => {
    const seen: string[] = [];
    const take = (name: string) => (event: { type: string }) => void seen.push(`${name} ${event.type}`);
    const stops = await Promise.all([
      bus.subscribe(userUpdated, take('one')),
      bus.subscribe(userRegistered, take('two')),
      bus.subscribe(userUpdated, take('three')),
    ]);
    await stops[0]?.();
    await bus.publish(userUpdated({ userId: 'u' }));
    await bus.publish(userRegistered({ userId: 'u' }));
    await waitFor('both', () => seen.length === 2);
    expect(seen).toEqual(['three user.updated', 'two user.registered']);
    await Promise.all(stops.map(stop => stop()));
    const unheard = facts.next('event.unroutable');
    await waitFor('nobody to listen', async () => {
      await bus.publish(userUpdated({ userId: 'u' }));
      return Promise.race([unheard, undefined]);
    });
    await bus.subscribe(userUpdated, take('four'));
    await bus.publish(userUpdated({ userId: 'u' }));
    await waitFor('the last', () => seen.includes('four user.updated'));
  });

  test('a subscriber that is too slow loses events, and that is stated', async () => {
    const gate = Promise.withResolvers<void>();
    await bus.subscribe(userUpdated, () => gate.promise, { concurrency: 1, name: 'slow' });
    const dropped = facts.next('event.dropped');
    for (let index = 0; index < 4; index += 1) await bus.publish(userUpdated({ userId: 'u' }));
    await expect(dropped).resolves.toEqual({ transport: 'redis-pubsub', subscription: 'slow', dropped: 1 });
    gate.resolve();
  });

  test('when the connection that listens alone is cut, that is stated: what comes meanwhile is lost', async () => {
    const seen: string[] = [];
    await bus.subscribe(userUpdated, ({ payload }) => void seen.push(payload.userId));
    await bus.publish(userUpdated({ userId: 'before' }));
    await waitFor('the first', () => seen.length === 1);
    const [lost, back] = [facts.next('bus.lost'), facts.next('bus.back')];
    const admin = new Redis(server.url);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect(lost).resolves.toMatchObject({ transport: 'redis-pubsub' });
    await back;
    await waitFor('the next', async () => {
      await bus.publish(userUpdated({ userId: 'after' }));
      return seen.includes('after');
    });
    admin.disconnect();
  });

  test('two callers that share one SUBSCRIBE are both refused when it fails, and the next subscribes anew', async () => {
    const admin = new Redis(server.url);
    // The connections may be made, the one command may not be given.
    await admin.call('ACL', 'SETUSER', 'default', '-subscribe');
    const seen: string[] = [];
    const take = ({ payload }: { payload: { userId: string } }) => void seen.push(payload.userId);
    const both = await Promise.allSettled([bus.subscribe(userUpdated, take), bus.subscribe(userRegistered, take)]);
    expect(both).toMatchObject([
      { status: 'rejected', reason: { code: 'BUS_UNAVAILABLE' } },
      { status: 'rejected', reason: { code: 'BUS_UNAVAILABLE' } },
    ]);
    const stats = String(await admin.call('INFO', 'commandstats'));
    expect(stats).toMatch(/cmdstat_subscribe:calls=0,.*rejected_calls=1,/);
    await admin.call('ACL', 'SETUSER', 'default', '+subscribe');
    await bus.subscribe(userUpdated, take);
    await bus.publish(userUpdated({ userId: 'u' }));
    await waitFor('the event', () => seen.length > 0);
    // Neither of the two who were refused has it as well.
    await bus.close(500);
    expect(seen).toEqual(['u']);
    admin.disconnect();
  });

  test('a subscription that fails leaves no trace: the next one works, and the bus goes on after an outage', async () => {
    await server.kill();
    await expect(bus.subscribe(userUpdated, () => undefined)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await server.restart();
    const seen: string[] = [];
    const take = ({ payload }: { payload: { userId: string } }) => void seen.push(payload.userId);
    await waitFor('a subscription', () => bus.subscribe(userUpdated, take));
    await bus.publish(userUpdated({ userId: 'one' }));
    await waitFor('the first', () => seen.length === 1);
    const back = facts.next('bus.back');
    await server.kill();
    await server.restart();
    await back;
    // The driver subscribes anew by itself; what comes before that is lost, as this transport says.
    await waitFor('the second', async () => {
      await bus.publish(userUpdated({ userId: 'two' }));
      return seen.includes('two');
    });
  });
});
