import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import type { RabbitLink } from './rabbit-link.ts';
import { FAIL_FAST_MS } from './rabbit-link.ts';
import { declareExchanges, versionOf, type Names } from './topology.ts';

export interface RabbitMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish & { readonly messageId: string };
}

/** Publishes with confirms: resolves when the broker has taken charge of a message, on every queue that it went to. */
export class RabbitPublisher {
  readonly #link: RabbitLink;
  readonly #names: Names;
  #channel: ConfirmChannel | undefined;
  #opening: Promise<void> | undefined;
  /** Ids of messages that no queue took; the broker says so before it confirms them. */
  readonly #returned = new Set<string>();

  constructor(link: RabbitLink, names: Names) {
    this.#link = link;
    this.#names = names;
  }

  /** @throws BusUnavailableError when it was not confirmed in time: the broker may have it or not */
  async publish(what: string, message: RabbitMessage): Promise<{ readonly routed: boolean }> {
    const channel = this.#channel ?? (await this.#ready(what));
    const { exchange, routingKey, content, options } = message;
    await this.#within(what, done => {
      channel.publish(exchange, routingKey, content, { persistent: true, mandatory: true, ...options }, done);
    });
    return { routed: !this.#returned.delete(options.messageId) };
  }

  /** The channel itself, for declaring queues. */
  async channel(what: string): Promise<ConfirmChannel> {
    return this.#channel ?? this.#ready(what);
  }

  async #ready(what: string): Promise<ConfirmChannel> {
    this.#opening ??= this.#link.invite(what, connection => this.#open(connection));
    try {
      await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    // Invited and lost again: the link brings it back.
    if (this.#channel === undefined) await this.#link.connection(what);
    if (this.#channel === undefined) throw this.#link.unavailable(what, 'the channel was closed');
    return this.#channel;
  }

  async #open(connection: ChannelModel): Promise<void> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('return', ({ properties }) => void this.#returned.add(String(properties.messageId)));
    channel.once('close', () => {
      if (this.#channel === channel) this.#channel = undefined;
      this.#returned.clear();
      // A channel that is closed alone (a queue with other settings, say) is opened anew on the same connection.
      void this.#link
        .connection('a channel')
        .then(
          current => (current === connection && this.#channel === undefined ? this.#open(connection) : undefined),
          () => undefined,
        )
        .catch(() => undefined);
    });
    await declareExchanges(channel, this.#names, versionOf(connection));
    this.#channel = channel;
  }

  async #within(what: string, send: (done: (error: unknown) => void) => void): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(this.#link.unavailable(what, 'no confirmation came in time')), FAIL_FAST_MS);
        send(error => {
          if (error === null || error === undefined) resolve();
          else reject(this.#link.explained(what, error));
        });
      });
    } catch (cause) {
      throw this.#link.explained(what, cause);
    } finally {
      clearTimeout(timer);
    }
  }
}
