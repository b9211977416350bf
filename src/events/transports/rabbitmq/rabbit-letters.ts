import type { Channel, GetMessage } from 'amqplib';
import type { EventDeadLetters, StoredLetter } from '../../transport.ts';
import { ATTEMPTS_HEADER } from './rabbit-consumer.ts';
import { messageIdOf } from './message-id.ts';
import type { RabbitLink } from './rabbit-link.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import { declareExchanges, versionOf, type Names } from './topology.ts';

/** A queue cannot be searched: so many letters are looked at for one. */
const LOOKED_AT = 10_000;

/** The dead letters of every subscription, in one queue. Looking at it takes messages and puts them back. */
export class RabbitLetters implements EventDeadLetters {
  readonly #link: RabbitLink;
  readonly #publisher: RabbitPublisher;
  readonly #names: Names;

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
    return this.#within(async channel => (await channel.checkQueue(this.#names.letters)).messageCount);
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

  /** One after the other until `found` says so; what was not acknowledged goes back when the channel closes. */
  #look(limit: number, found: (message: GetMessage, channel: Channel) => Promise<boolean>): Promise<boolean> {
    return this.#within(async channel => {
      for (let looked = 0; looked < limit; looked += 1) {
        const message = await channel.get(this.#names.letters);
        if (message === false) return false;
        if (await found(message, channel)) return true;
      }
      return false;
    });
  }

  async #within<Value>(use: (channel: Channel) => Promise<Value>): Promise<Value> {
    const what = 'the dead letters';
    const connection = await this.#link.connection(what);
    try {
      const channel = await connection.createChannel();
      channel.on('error', () => undefined);
      await declareExchanges(channel, this.#names, versionOf(connection));
      try {
        return await use(channel);
      } finally {
        await channel.close();
      }
    } catch (cause) {
      throw this.#link.explained(what, cause);
    }
  }
}

function letterOf(message: GetMessage): StoredLetter {
  const { headers = {}, messageId, type } = message.properties;
  const queue = queueOf(message);
  const text = (name: string): string => (typeof headers[name] === 'string' ? headers[name] : '');
  // Made by the broker itself, after too many deliveries without an answer.
  const byBroker = text('x-reason') === '';
  const death = headers['x-death']?.[0];
  return {
    id: Buffer.from(`${queue} ${messageIdOf(message)}`).toString('base64url'),
    subscription: text('x-subscription') || queue,
    eventId: byBroker ? String(messageId ?? '') : text('x-event-id'),
    eventType: text('x-event-type') || String(type ?? ''),
    reason: byBroker ? 'poison' : text('x-reason'),
    error: byBroker ? `The broker gave it up: ${text('x-first-death-reason')}.` : text('x-error'),
    attempts: Number(headers[ATTEMPTS_HEADER] ?? headers['x-delivery-count'] ?? 0),
    diedAt: new Date(Number(headers['x-died-at'] ?? (death?.time.value ?? 0) * 1_000)),
    text: message.content.toString('utf8'),
  };
}

/** The queue in which it died. */
function queueOf({ properties: { headers = {} } }: GetMessage): string {
  const own: unknown = headers['x-queue'];
  return typeof own === 'string' ? own : (headers['x-first-death-queue'] ?? '');
}
