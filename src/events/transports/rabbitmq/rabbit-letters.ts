import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, GetMessage } from 'amqplib';
import { readCloudEvent } from '../../envelope/cloud-event.ts';
import type { EventDeadLetters, StoredLetter } from '../../transport.ts';
import { ATTEMPTS_HEADER } from './rabbit-consumer.ts';
import { messageIdOf } from './message-id.ts';
import type { RabbitLink } from './rabbit-link.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import { replyCodeOf, RESOURCE_LOCKED } from './reply-code.ts';
import { declareExchanges, versionOf, type Names } from './topology.ts';

/** A queue cannot be searched: so many letters are looked at for one. */
const LOOKED_AT = 10_000;
/** Others who look at them are waited for so long; ten thousand take about as long. */
const OTHERS_MS = 10_000;
const LOOK_AGAIN_MS = 50;
/** Where the broker has closed the channel, nobody could delete the queue that says so. */
const LOOK_AT_MOST_MS = 60_000;
const WHAT = 'the dead letters';

/** The dead letters of every subscription, in one queue. Looking at it takes messages and puts them back. */
export class RabbitLetters implements EventDeadLetters {
  readonly #link: RabbitLink;
  readonly #publisher: RabbitPublisher;
  readonly #names: Names;
  #last: Promise<unknown> = Promise.resolve();

  constructor(link: RabbitLink, publisher: RabbitPublisher, names: Names) {
    this.#link = link;
    this.#publisher = publisher;
    this.#names = names;
  }

  async list(limit: number): Promise<readonly StoredLetter[]> {
    const letters: StoredLetter[] = [];
    await this.#look(limit, async message => {
      letters.push(letterOf(message));
      return false;
    });
    return letters;
  }

  count(): Promise<number> {
    // What somebody looks at is not counted.
    return this.#alone(async channel => (await channel.checkQueue(this.#names.letters)).messageCount);
  }

  replay(id: string): Promise<boolean> {
    return this.#look(LOOKED_AT, async (message, channel) => {
      if (letterOf(message).id !== id) return false;
      const { contentType, correlationId, timestamp, type } = message.properties;
      const { routed } = await this.#publisher.publish('a replay', {
        exchange: '',
        routingKey: queueOf(message),
        content: message.content,
        options: { messageId: messageIdOf(message), contentType, correlationId, timestamp, type },
      });
      // Its queue is gone: the letter stays.
      if (!routed) return false;
      channel.ack(message);
      return true;
    });
  }

  discard(id: string): Promise<boolean> {
    return this.#look(LOOKED_AT, async (message, channel) => {
      if (letterOf(message).id !== id) return false;
      channel.ack(message);
      return true;
    });
  }

  /** One after the other until `found` says so; what was not acknowledged goes back. */
  #look(limit: number, found: (message: GetMessage, channel: Channel) => Promise<boolean>): Promise<boolean> {
    return this.#alone(async channel => {
      for (let looked = 0; looked < limit; looked += 1) {
        const message = await channel.get(this.#names.letters);
        if (message === false) return false;
        if (await found(message, channel)) return true;
      }
      return false;
    });
  }

  /**
   * One at a time, in all processes: who looks has all that it has got so far, and others would find none of it. Rejects with
   * BusUnavailableError when others take too long.
   */
  #alone<Value>(use: (channel: Channel) => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(() => this.#within(use));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #within<Value>(use: (channel: Channel) => Promise<Value>): Promise<Value> {
    const connection = await this.#link.connection(WHAT);
    try {
      const channel = await this.#lock(connection);
      try {
        await declareExchanges(channel, this.#names, versionOf(connection));
        const value = await use(channel);
        await this.#release(channel);
        return value;
      } catch (cause) {
        await this.#release(channel).catch(() => undefined);
        throw cause;
      }
    } catch (cause) {
      throw this.#link.explained(WHAT, cause);
    }
  }

  async #release(channel: Channel): Promise<void> {
    // A channel that is closed gives them back as well, but some time later: the next to look would not find them.
    channel.nackAll();
    await channel.deleteQueue(this.#names.looking);
    await channel.close();
  }

  /** Nobody but its owner's connection may touch an exclusive queue, and it goes with that. */
  async #lock(connection: ChannelModel): Promise<Channel> {
    const endsAt = performance.now() + OTHERS_MS;
    for (;;) {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      try {
        await channel.assertQueue(this.#names.looking, { exclusive: true, durable: false, expires: LOOK_AT_MOST_MS });
        return channel;
      } catch (cause) {
        if (replyCodeOf(cause) !== RESOURCE_LOCKED) throw cause;
        if (performance.now() > endsAt) throw this.#link.unavailable(WHAT, 'somebody else looks at them', cause);
      }
      await sleep(LOOK_AGAIN_MS * (0.5 + Math.random()));
    }
  }
}

function letterOf(message: GetMessage): StoredLetter {
  const { headers = {}, type } = message.properties;
  const queue = queueOf(message);
  const text = (name: string): string => (typeof headers[name] === 'string' ? headers[name] : '');
  // Made by the broker itself, after too many deliveries without an answer.
  const byBroker = text('x-reason') === '';
  const death = headers['x-death']?.[0];
  return {
    id: Buffer.from(`${queue} ${messageIdOf(message)}`).toString('base64url'),
    subscription: text('x-subscription') || queue,
    eventId: byBroker ? eventIdOf(message) : text('x-event-id'),
    eventType: text('x-event-type') || String(type ?? ''),
    reason: byBroker ? 'poison' : text('x-reason'),
    error: byBroker ? `The broker gave it up: ${text('x-first-death-reason')}.` : text('x-error'),
    attempts: Number(headers[ATTEMPTS_HEADER] ?? headers['x-delivery-count'] ?? 0),
    diedAt: new Date(Number(headers['x-died-at'] ?? (death?.time.value ?? 0) * 1_000)),
    text: message.content.toString('utf8'),
  };
}

/** Its property is another where the id is too long for one. */
function eventIdOf({ content, properties: { messageId } }: GetMessage): string {
  const reading = readCloudEvent(content.toString('utf8'));
  return reading.kind === 'event' ? reading.event.id : String(messageId ?? '');
}

/** The queue in which it died. */
function queueOf({ properties: { headers = {} } }: GetMessage): string {
  const own: unknown = headers['x-queue'];
  return typeof own === 'string' ? own : (headers['x-first-death-queue'] ?? '');
}
