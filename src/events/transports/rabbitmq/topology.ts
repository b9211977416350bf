import type { Channel, ChannelModel } from 'amqplib';
import { InvalidOptionsError } from '../../../errors/index.ts';
import { isShort } from './message-id.ts';

/** What an installation is called in RabbitMQ. */
export interface Names {
  /** Topic exchange that every event goes to. */
  readonly events: string;
  /** Exchange and queue of the dead letters of every subscription. */
  readonly letters: string;
  /** Queue that whoever looks at the dead letters owns meanwhile. */
  readonly looking: string;
  /** @throws InvalidOptionsError when AMQP has no room for it, or for those of its pauses */
  queueOf(group: string, pattern: string): string;
}

export function namesOf(namespace: string): Names {
  return {
    events: `${namespace}.events`,
    letters: `${namespace}.events.dead`,
    looking: `${namespace}.events.dead:look`,
    queueOf(group, pattern) {
      // What is between them stands in none of them: both may have dots.
      const queue = `${namespace}:${group}:${pattern}`;
      if (isShort(pauseOf(queue, LONGEST_PAUSE_MS))) return queue;
      throw new InvalidOptionsError(
        `Subscription to "${pattern}": expected namespace, group and event to make up to 239 bytes together for RabbitMQ, ` +
          `got ${Buffer.byteLength(namespace + group + pattern)}.`,
      );
    },
  };
}

/** Pauses there are queues for: each holds its messages for one time, because a queue lets go of them in order alone. */
const PAUSES_MS = [50, 250, 1_000, 5_000, 15_000, 60_000, 300_000, 1_800_000] as const;
/** What waits for longer goes into its queue again and again. */
export const LONGEST_PAUSE_MS = 3_600_000;
/** Deliveries in a row that ended without an answer, before the broker itself makes a dead letter of the message. */
const DELIVERY_LIMIT = 20;

/** A message that is moved on by the broker is given up only when its next queue has it. */
const AT_LEAST_ONCE = {
  'x-queue-type': 'quorum',
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
} as const;

export async function declareExchanges(channel: Channel, names: Names, version: string): Promise<void> {
  await channel.assertExchange(names.events, 'topic', { durable: true });
  await channel.assertExchange(names.letters, 'fanout', { durable: true });
  await channel.assertQueue(names.letters, {
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      // From 4.0 on a quorum queue drops what was looked at 20 times, unless it is told not to.
      ...(Number.parseInt(version, 10) >= 4 && { 'x-delivery-limit': -1 }),
    },
  });
  await channel.bindQueue(names.letters, names.letters, '');
}

/** The queue of a group. Everybody who declares it must say the same, so nothing of the subscription's own settings stands in it. */
export async function declareGroup(channel: Channel, names: Names, queue: string, pattern: string): Promise<void> {
  await channel.assertQueue(queue, {
    durable: true,
    arguments: {
      ...AT_LEAST_ONCE,
      'x-dead-letter-exchange': names.letters,
      'x-dead-letter-routing-key': queue,
      'x-delivery-limit': DELIVERY_LIMIT,
    },
  });
  await channel.bindQueue(queue, names.events, pattern);
}

/** The queue of a subscription without a group: there as long as its connection. Its name. */
export async function declareOwn(channel: Channel, names: Names, pattern: string): Promise<string> {
  const { queue } = await channel.assertQueue('', {
    exclusive: true,
    autoDelete: true,
    deadLetterExchange: names.letters,
  });
  await channel.bindQueue(queue, names.events, pattern);
  return queue;
}

function pauseOf(queue: string, pauseMs: number): string {
  return `${queue}:pause-${pauseMs}`;
}

/** A queue from which messages come back to `queue` after at least `afterMs`, or after the longest pause; its name. */
export async function declarePause(channel: Channel, queue: string, afterMs: number): Promise<string> {
  const pauseMs = PAUSES_MS.find(each => each >= afterMs) ?? LONGEST_PAUSE_MS;
  const name = pauseOf(queue, pauseMs);
  await channel.assertQueue(name, {
    durable: true,
    arguments: {
      ...AT_LEAST_ONCE,
      'x-message-ttl': pauseMs,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': queue,
    },
  });
  return name;
}

export function versionOf(connection: ChannelModel): string {
  return connection.connection.serverProperties.version;
}
