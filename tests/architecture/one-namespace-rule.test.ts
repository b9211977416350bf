import { describe, expect, test } from 'vitest';
import { checkNamespace, Environment, InvalidConfigError, readNamespace } from '../../src/config/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { namesOf as storeNamesOf } from '../../src/event-store/schema/names.ts';
import { RedisPubSubTransport, RedisStreamsTransport } from '../../src/events/index.ts';
import { RabbitMqTransport } from '../../src/events/transports/rabbitmq/rabbitmq-transport.ts';
import { Outbox } from '../../src/outbox/index.ts';

const redis = 'redis://127.0.0.1:1';
/** Everything that is named after a namespace. Nothing connects before it is used. */
const rooms: readonly [string, (namespace: string) => unknown][] = [
  ['the engine on Redis', namespace => openEngine({ url: redis, role: 'producer', namespace })],
  [
    'the engine on PostgreSQL',
    namespace => openEngine({ url: 'postgres://127.0.0.1:1/x', role: 'producer', namespace }),
  ],
  ['the outbox', namespace => new Outbox({ namespace })],
  ['the event store', namespace => storeNamesOf(namespace)],
  ['Redis streams', namespace => new RedisStreamsTransport({ url: redis, namespace })],
  ['Redis channels', namespace => new RedisPubSubTransport({ url: redis, namespace })],
  ['RabbitMQ', namespace => new RabbitMqTransport({ url: 'amqp://127.0.0.1:1', namespace })],
  [
    'the environment',
    namespace => {
      const environment = new Environment({ SHIFTWORK_NAMESPACE: namespace });
      readNamespace(environment);
      environment.check();
    },
  ],
];
const good = ['a', 'shop-eu', 'shop_eu', 'A1', '0', 'a-_b', 'a_', 'x'.repeat(40)];
const bad = ['a__b', 'x__next', '_a', '-a', 'a b', 'a.b', 'a:b', 'a"b', 'a*', 'ä', 'x'.repeat(41), 'a__'];

describe.each(rooms)('%s', (_, open) => {
  test.each(good)('takes the namespace %j', namespace => {
    expect(() => open(namespace)).not.toThrow();
  });
  test.each(bad)('refuses the namespace %j, by the one rule', namespace => {
    expect(() => open(namespace)).toThrow(InvalidConfigError);
    expect(() => open(namespace)).toThrow('1 to 40 letters, digits, "-" or single "_"');
  });
});

test('an empty namespace counts as none, and what is no text is refused without being shown', () => {
  expect([checkNamespace(undefined), checkNamespace('')]).toEqual([undefined, undefined]);
  expect(() => checkNamespace({ toString: () => 'secret' } as never)).toThrow('got object');
});
