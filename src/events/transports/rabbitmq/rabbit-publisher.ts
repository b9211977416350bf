import type { ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { InvalidOptionsError } from '../../../errors/index.ts';
import type { RabbitLink } from './rabbit-link.ts';
import { FAIL_FAST_MS } from './rabbit-link.ts';
import { declareExchanges, versionOf, type Names } from './topology.ts';

export interface RabbitMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish & { readonly messageId: string };
}

interface Unconfirmed {
  readonly since: number;
  readonly late: () => void;
}

const LATE = 'no confirmation came in time';

/** Publishes with confirms: resolves when the broker has taken charge of a message, on every queue that it went to. */
export class RabbitPublisher {
  readonly #link: RabbitLink;
  readonly #names: Names;
  #channel: ConfirmChannel | undefined;
  #opening: Promise<void> | undefined;
  #reopening: Promise<void> | undefined;
  /** Ids of messages that no queue took; the broker says so before it confirms them. */
  readonly #returned = new Set<string>();
  /** In the order of their publication. */
  readonly #unconfirmed = new Set<Unconfirmed>();
  #timer: NodeJS.Timeout | undefined;

  constructor(link: RabbitLink, names: Names) {
    this.#link = link;
    this.#names = names;
  }

  /**
   * @param onLate where it is given, it is called with the error when there was no confirmation in time, and the message is waited for as long as
   *   its channel is open: a broker that is short of memory takes all that were sent meanwhile, once it takes any
   * @throws BusUnavailableError when it was not confirmed in time: the broker may have it or not; InvalidOptionsError when AMQP has no
   *   room for it
   */
  async publish(
    what: string,
    message: RabbitMessage,
    onLate?: (error: Error) => void,
  ): Promise<{ readonly routed: boolean }> {
    const channel = this.#channel ?? (await this.#ready(what));
    const { exchange, routingKey, content, options } = message;
    await new Promise<void>((resolve, reject) => {
      const open: Unconfirmed = {
        since: performance.now(),
        late: () => (onLate ?? reject)(this.#link.unavailable(what, LATE)),
      };
      this.#watch(open);
      try {
        channel.publish(exchange, routingKey, content, { persistent: true, mandatory: true, ...options }, error => {
          this.#unconfirmed.delete(open);
          if (error === null || error === undefined) resolve();
          else reject(this.#link.explained(what, error));
        });
      } catch (cause) {
        this.#unconfirmed.delete(open);
        reject(isUnencodable(cause) ? refused(what, cause) : this.#link.explained(what, cause));
      }
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
    // Invited and lost again: the link brings it back; where the channel alone was closed, we do.
    const connection = await this.#link.connection(what);
    if (this.#channel === undefined) await this.#reopen(what, connection);
    if (this.#channel === undefined) throw this.#link.unavailable(what, 'the channel was closed');
    return this.#channel;
  }

  /** Once for all who ask. */
  async #reopen(what: string, connection: ChannelModel): Promise<void> {
    this.#reopening ??= this.#open(connection).finally(() => (this.#reopening = undefined));
    try {
      await this.#link.within(what, this.#reopening);
    } catch (cause) {
      throw this.#link.explained(what, cause);
    }
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
          current =>
            current === connection && this.#channel === undefined ? this.#reopen('a channel', connection) : undefined,
          () => undefined,
        )
        .catch(() => undefined);
    });
    await declareExchanges(channel, this.#names, versionOf(connection));
    this.#channel = channel;
  }

  /** One timer for all: each waits for the same time, so the oldest is the first whose time is over. */
  #watch(open: Unconfirmed): void {
    this.#unconfirmed.add(open);
    // The connection keeps the process alive where that is wanted.
    if (this.#timer === undefined) this.#expireIn(FAIL_FAST_MS);
  }

  /** What came while this process stood still is read before: it is no silence of the broker. */
  #expireIn(ms: number): void {
    this.#timer = setTimeout(() => setImmediate(this.#expire), ms).unref();
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const open of this.#unconfirmed) {
      const leftMs = open.since + FAIL_FAST_MS - now;
      if (leftMs > 0) {
        this.#expireIn(leftMs);
        return;
      }
      this.#unconfirmed.delete(open);
      open.late();
    }
  };
}

/** What amqplib throws at the call itself, before anything is sent. Trying again would do it again: no outage. */
function isUnencodable(cause: unknown): cause is TypeError | RangeError {
  return cause instanceof RangeError || (cause instanceof TypeError && cause.message.startsWith("Field '"));
}

function refused(what: string, cause: TypeError | RangeError): InvalidOptionsError {
  return new InvalidOptionsError(`RabbitMQ has no room for ${what}: ${cause.message}.`, { cause });
}
