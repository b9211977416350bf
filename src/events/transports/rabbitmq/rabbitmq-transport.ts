import { checkNamespace } from '../../../config/index.ts';
import type {
  Capabilities,
  OutgoingEvent,
  StopSubscription,
  Transport,
  TransportListener,
  TransportSubscription,
} from '../../transport.ts';
import { isShort, messageIdFor } from './message-id.ts';
import { RabbitConsumer } from './rabbit-consumer.ts';
import { RabbitLetters } from './rabbit-letters.ts';
import { RabbitLink } from './rabbit-link.ts';
import { RabbitPublisher } from './rabbit-publisher.ts';
import { namesOf, type Names } from './topology.ts';
import type { RabbitMqOptions } from './options.ts';

/**
 * Events through RabbitMQ: a topic exchange, a durable quorum queue for each group and pattern, publisher confirms, pauses that grow
 * between deliveries, dead letters with their reason. Needs RabbitMQ 3.10 or newer.
 */
export class RabbitMqTransport implements Transport {
  readonly name = 'rabbitmq';
  readonly capabilities: Capabilities = { durable: true, replay: false, ordered: true, fanOut: true, groups: true };
  readonly defaultConcurrency = 10;
  readonly deadLetters: RabbitLetters;
  // A broker that is short of memory stops who publishes: who consumes must not stand behind the same door.
  readonly #publishing: RabbitLink;
  readonly #consuming: RabbitLink;
  readonly #publisher: RabbitPublisher;
  readonly #names: Names;
  readonly #inspectEveryMs: number;
  #listener: TransportListener | undefined;

  /** Connects on first use. @throws InvalidConfigError when the URL is none of RabbitMQ */
  constructor({ url, namespace: given, inspectEveryMs = 5_000 }: RabbitMqOptions) {
    const namespace = checkNamespace(given) ?? 'shiftwork';
    this.#publishing = new RabbitLink(this.name, url, `${namespace} publisher`);
    this.#consuming = new RabbitLink(this.name, url, `${namespace} consumer`);
    this.#names = namesOf(namespace);
    this.#inspectEveryMs = inspectEveryMs;
    this.#publisher = new RabbitPublisher(this.#publishing, this.#names);
    this.deadLetters = new RabbitLetters(this.#consuming, this.#publisher, this.#names);
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    // One speaks for the server.
    this.#publishing.listen(listener);
  }

  async publish(event: OutgoingEvent): Promise<void> {
    const { id, type, timestamp, correlationId, text } = event;
    const content = Buffer.from(text);
    // AMQP counts seconds, and none before 1970.
    const seconds = Math.floor(timestamp.getTime() / 1_000);
    const { routed } = await this.#publisher.publish(`the event "${id}"`, {
      exchange: this.#names.events,
      routingKey: type,
      content,
      options: {
        messageId: messageIdFor(id, content),
        type,
        contentType: 'application/cloudevents+json',
        ...(isShort(correlationId) && { correlationId }),
        ...(seconds >= 0 && { timestamp: seconds }),
      },
    });
    if (!routed) this.#listener?.unroutable(event);
  }

  async subscribe(subscription: TransportSubscription): Promise<StopSubscription> {
    const consumer = new RabbitConsumer({
      link: this.#consuming,
      publisher: this.#publisher,
      names: this.#names,
      subscription,
      listener: this.#listener,
      inspectEveryMs: this.#inspectEveryMs,
    });
    await consumer.start();
    return timeoutMs => consumer.stop(timeoutMs);
  }

  async close(timeoutMs: number): Promise<void> {
    await Promise.all([this.#publishing.close(timeoutMs), this.#consuming.close(timeoutMs)]);
  }
}
