import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { UndecodableEventError } from '../../envelope/undecodable-event-error.ts';
import { readCloudEvent } from '../../envelope/cloud-event.ts';
import { ConcurrencyLimiter } from '../../concurrency-limiter.ts';
import type { TransportListener, TransportSubscription, Verdict } from '../../transport.ts';
import { Acknowledger } from './acknowledger.ts';
import { messageIdOf } from './message-id.ts';
import type { RabbitLink } from './rabbit-link.ts';
import type { RabbitPublisher } from './rabbit-publisher.ts';
import {
  declareExchanges,
  declareGroup,
  declareOwn,
  declarePause,
  LONGEST_PAUSE_MS,
  versionOf,
  type Names,
} from './topology.ts';
import { sleepOrStop } from '../../../time/index.ts';

export interface RabbitConsumerParts {
  readonly link: RabbitLink;
  readonly publisher: RabbitPublisher;
  readonly names: Names;
  readonly subscription: TransportSubscription;
  readonly listener: TransportListener | undefined;
  readonly inspectEveryMs: number;
}

interface Session {
  readonly acks: Acknowledger;
  isOpen: boolean;
}

interface Arrival {
  readonly message: ConsumeMessage;
  readonly session: Session;
}

const REOPEN_MS = 100;
const REOPEN_AT_MOST_MS = 5_000;
/** A consumer that looks at its queue more often declares what it needs no more often. */
const RENEW_MS = 5_000;
/** Between two tries to move on a message that its handler has answered. */
const AGAIN_MS = 500;

/** How often it was delivered and answered before, by us; the broker counts what ended without an answer. */
export const ATTEMPTS_HEADER = 'x-attempts';
/** When a pause ends that is longer than any queue of pauses keeps its messages: milliseconds since 1970. */
const NOT_BEFORE_HEADER = 'x-not-before';

/**
 * A subscription: for a group its durable queue, else one that exists as long as its connection. Each message is answered after its
 * handler: acknowledged, or put into a queue where it waits before it comes back, or made a dead letter with its reason.
 */
export class RabbitConsumer {
  readonly #parts: RabbitConsumerParts;
  readonly #limiter: ConcurrencyLimiter<Arrival, void>;
  readonly #stop = new AbortController();
  readonly #queue: string | undefined;
  #connection: ChannelModel | undefined;
  #channel: Channel | undefined;
  #opening: { readonly connection: ChannelModel; readonly done: Promise<void> } | undefined;
  #session: Session | undefined;
  #tag = '';
  #warned = '';
  /** The one that is consumed; without a group the broker names it. */
  #ownQueue = '';

  constructor(parts: RabbitConsumerParts) {
    this.#parts = parts;
    const { group, pattern, concurrency } = parts.subscription;
    this.#queue = group === undefined ? undefined : parts.names.queueOf(group, pattern.text);
    this.#limiter = new ConcurrencyLimiter(arrival => this.#handle(arrival), {
      concurrency,
      limit: Number.POSITIVE_INFINITY,
    });
  }

  /** Resolves when events flow. */
  async start(): Promise<void> {
    try {
      await this.#parts.link.invite(this.#what(), this.#open, error => this.#parts.listener?.warned(error.message));
    } catch (error) {
      // The broker may still do what it was asked for: a caller that got an error must not be given events.
      this.#stop.abort();
      this.#channel?.close().catch(() => undefined);
      throw error;
    }
    void this.#inspect();
  }

  /** Takes nothing more, lets what runs end; the broker gives the rest to others when the channel closes. */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    this.#stop.abort();
    this.#parts.link.leave(this.#open);
    const channel = this.#channel;
    await this.#bounded(endsAt, async () => void (await channel?.cancel(this.#tag)));
    await this.#limiter.idle(Math.max(0, Math.ceil(endsAt - performance.now())));
    this.#channel = undefined;
    this.#session?.acks.flush();
    await this.#bounded(endsAt, async () => channel?.close());
  }

  /** On the first connection, and on each that follows an outage. */
  readonly #open = (connection: ChannelModel): Promise<void> => {
    if (this.#connection === connection && this.#channel !== undefined) return Promise.resolve();
    // One after an answer that took too long, one after a closed channel: two would consume twice.
    if (this.#opening?.connection === connection) return this.#opening.done;
    const done = this.#openOn(connection).finally(() => {
      if (this.#opening?.done === done) this.#opening = undefined;
    });
    this.#opening = { connection, done };
    return done;
  };

  async #openOn(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    channel.on('error', () => undefined);
    try {
      this.#tag = await this.#consume(connection, channel);
      if (this.#stop.signal.aborted) throw new Error('The subscription has ended.');
    } catch (error) {
      channel.close().catch(() => undefined);
      throw error;
    }
    this.#connection = connection;
    this.#channel = channel;
    channel.once('close', () => {
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      void this.#reopen(connection);
    });
  }

  async #consume(connection: ChannelModel, channel: Channel): Promise<string> {
    const { names, subscription } = this.#parts;
    const session: Session = { acks: new Acknowledger(channel), isOpen: true };
    channel.once('close', () => (session.isOpen = false));
    await declareExchanges(channel, names, versionOf(connection));
    let queue = this.#queue;
    if (queue === undefined) {
      queue = await declareOwn(channel, names, subscription.pattern.text);
    } else {
      await declareGroup(channel, names, queue, subscription.pattern.text);
    }
    this.#ownQueue = queue;
    await channel.prefetch(subscription.concurrency);
    const { consumerTag } = await channel.consume(queue, message => {
      // The broker has cancelled the consumer, because its queue was deleted or moved: it is declared and consumed anew.
      if (message === null) channel.close().catch(() => undefined);
      else this.#arrived({ message, session });
    });
    this.#session = session;
    if (!session.isOpen) throw new Error('The channel was closed while it was opened.');
    return consumerTag;
  }

  #arrived(arrival: Arrival): void {
    arrival.session.acks.arrived(arrival.message);
    this.#limiter.add(arrival);
  }

  /** The channel alone was closed; after a lost connection the link calls `#open` itself. */
  async #reopen(closed: ChannelModel): Promise<void> {
    const { link, listener } = this.#parts;
    const { signal } = this.#stop;
    let said = '';
    for (let pauseMs = REOPEN_MS; this.#channel === undefined; pauseMs = Math.min(2 * pauseMs, REOPEN_AT_MOST_MS)) {
      await sleepOrStop(pauseMs, signal);
      if (signal.aborted) return;
      const connection = await link.connection(this.#what()).catch(() => undefined);
      if (connection !== closed || this.#channel !== undefined) return;
      try {
        await this.#open(connection);
      } catch (cause) {
        const { message } = link.explained(this.#what(), cause);
        if (message !== said && !signal.aborted) listener?.warned(message);
        said = message;
      }
    }
  }

  async #handle({ message, session }: Arrival): Promise<void> {
    // Stopping, or the channel is gone: the broker delivers it again, to somebody else.
    if (this.#stop.signal.aborted || !session.isOpen) return;
    const repeatable = this.#queue !== undefined;
    const { headers = {} } = message.properties;
    const attempt = countIn(headers[ATTEMPTS_HEADER]) + countIn(headers['x-delivery-count']) + 1;
    const notBefore = countIn(headers[NOT_BEFORE_HEADER]);
    if (repeatable && notBefore > Date.now()) {
      return this.#moved({ message, session }, () => this.#pause(message, attempt - 1, notBefore));
    }
    const text = message.content.toString('utf8');
    const verdict = kept(await this.#parts.subscription.deliver({ text, attempt, repeatable }));
    if (verdict.kind === 'done' || verdict.kind === 'failed') return session.acks.ack(message);
    const decidedAt = Date.now();
    return this.#moved({ message, session }, () => this.#move(message, text, attempt, verdict, decidedAt));
  }

  /**
   * Until the message stands at its next place, or its channel is gone: a broker that takes no publication (it is short of memory, say) still
   * delivers. Given back meanwhile, the message would come again and again, its handler would run each time, and after 20 of these the broker
   * itself would make a dead letter of it, for no fault of its own. Tried once also while the subscription stops: what a handler has answered by
   * then is not for another one to run again.
   */
  async #moved({ message, session }: Arrival, move: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    for (let isFirst = true; session.isOpen && (isFirst || !signal.aborted); isFirst = false) {
      try {
        await move();
        this.#warned = '';
        return session.acks.ack(message);
      } catch (error) {
        if (session.isOpen) this.#warn(error);
      }
      await sleepOrStop(AGAIN_MS, signal);
    }
  }

  /** Once for all messages that cannot be moved on. */
  readonly #warn = (error: unknown): void => {
    const { message } = this.#parts.link.explained(this.#what(), error);
    if (message !== this.#warned && !this.#stop.signal.aborted) this.#parts.listener?.warned(message);
    this.#warned = message;
  };

  async #move(
    message: ConsumeMessage,
    text: string,
    attempt: number,
    verdict: Exclude<Verdict, { kind: 'done' | 'failed' }>,
    decidedAt: number,
  ): Promise<void> {
    switch (verdict.kind) {
      case 'retry':
        return this.#pause(message, verdict.spent ? attempt : attempt - 1, decidedAt + Math.ceil(verdict.afterMs));
      case 'dead': {
        const reading = readCloudEvent(text);
        return this.#moveTo(this.#parts.names.letters, '', message, {
          'x-reason': verdict.reason,
          'x-error': verdict.error.message.slice(0, 1_000),
          'x-subscription': this.#parts.subscription.name,
          'x-queue': this.#ownQueue,
          'x-event-type': reading.kind === 'event' ? reading.event.type : message.fields.routingKey,
          'x-event-id': reading.kind === 'event' ? reading.event.id : '',
          'x-died-at': decidedAt,
          [ATTEMPTS_HEADER]: attempt,
        });
      }
      default:
        return verdict satisfies never;
    }
  }

  async #pause(message: ConsumeMessage, attempts: number, until: number): Promise<void> {
    const afterMs = until - Date.now();
    const channel = await this.#parts.publisher.channel(this.#what());
    const pause = await declarePause(channel, this.#queue ?? '', afterMs);
    await this.#moveTo('', pause, message, {
      [ATTEMPTS_HEADER]: attempts,
      ...(afterMs > LONGEST_PAUSE_MS && { [NOT_BEFORE_HEADER]: until }),
    });
  }

  /** Acknowledged only when it is confirmed there. */
  async #moveTo(
    exchange: string,
    routingKey: string,
    message: ConsumeMessage,
    headers: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const { contentType, correlationId, timestamp, type } = message.properties;
    const options = { messageId: messageIdOf(message), contentType, correlationId, timestamp, type, headers };
    const copy = { exchange, routingKey, content: message.content, options };
    const { routed } = await this.#parts.publisher.publish(this.#what(), copy, this.#warn);
    if (routed) return;
    // That of the dead letters was deleted, say: the next try finds it.
    const { names, publisher } = this.#parts;
    const channel = await publisher.channel(this.#what());
    if (this.#connection !== undefined) await declareExchanges(channel, names, versionOf(this.#connection));
    throw new Error('No queue took the message.');
  }

  async #inspect(): Promise<void> {
    const { inspectEveryMs, listener, subscription } = this.#parts;
    const { signal } = this.#stop;
    let renewedAt = performance.now();
    while (!signal.aborted) {
      await sleepOrStop(inspectEveryMs * (0.8 + Math.random() * 0.4), signal);
      if (signal.aborted) return;
      try {
        if (performance.now() - renewedAt >= RENEW_MS) {
          renewedAt = performance.now();
          await this.#renew();
        }
        const waiting = await this.#channel?.checkQueue(this.#ownQueue);
        if (waiting !== undefined) listener?.lag(subscription.name, waiting.messageCount + this.#limiter.size);
      } catch {
        // Away, or the queue is gone: the next time.
      }
    }
  }

  /**
   * Declares and binds anew, which changes nothing of what stands: with an exchange that somebody deletes its bindings go, and the consumer
   * learns nothing of it.
   */
  async #renew(): Promise<void> {
    const { names, subscription } = this.#parts;
    const [channel, connection] = [this.#channel, this.#connection];
    if (channel === undefined || connection === undefined) return;
    await declareExchanges(channel, names, versionOf(connection));
    await channel.bindQueue(this.#ownQueue, names.events, subscription.pattern.text);
  }

  async #bounded(endsAt: number, act: () => Promise<unknown>): Promise<void> {
    const closed = act().catch(() => undefined);
    await Promise.race([closed, sleep(Math.max(200, endsAt - performance.now()))]);
  }

  #what(): string {
    return `the subscription "${this.#parts.subscription.name}"`;
  }
}

/** What cannot be read is kept also where it is not repeated: a later release, or a person, may read it. */
function kept(verdict: Verdict): Verdict {
  if (verdict.kind !== 'failed' || !(verdict.error instanceof UndecodableEventError)) return verdict;
  return { kind: 'dead', reason: 'undecodable', error: verdict.error };
}

/** A stranger may have written anything there. */
function countIn(header: unknown): number {
  return typeof header === 'number' && Number.isSafeInteger(header) && header > 0 ? header : 0;
}
