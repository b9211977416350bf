import { requireShape, type KnownOptions } from '../../../errors/index.ts';
import { checkNamespace, requireRedisAddress } from '../../../config/index.ts';
import { ownKey } from '../../../redis/index.ts';
import type { Redis } from 'ioredis';
import { ConcurrencyLimiter } from '../../concurrency-limiter.ts';
import { readCloudEvent, type Reading } from '../../envelope/cloud-event.ts';
import type {
  Capabilities,
  Delivery,
  OutgoingEvent,
  StopSubscription,
  Transport,
  TransportListener,
  TransportSubscription,
  Verdict,
} from '../../transport.ts';
import { reportLag } from '../report-lag.ts';
import { RedisLink } from './link.ts';
import { TurnPublisher } from './turn-publisher.ts';

export interface RedisPubSubOptions {
  /** As REDIS_URL: one server, sentinels, or a cluster. */
  readonly url: string;
  /** Keeps installations apart; `shiftwork` when left out. */
  readonly namespace?: string | undefined;
  /** Events that wait for a slow subscriber at most; more are dropped, and that is stated. 10,000 by default. */
  readonly waitingAtMost?: number;
  /** How often the transport counts what waits for each subscription; 5 s by default. */
  readonly inspectEveryMs?: number;
}

const KNOWN: KnownOptions<RedisPubSubOptions> = {
  url: true,
  namespace: true,
  waitingAtMost: true,
  inspectEveryMs: true,
};

interface Member {
  readonly subscription: TransportSubscription;
  readonly limiter: ConcurrencyLimiter<Delivery, Verdict>;
}

/** One channel in Redis and who listens to it here. */
interface Channel {
  readonly members: Set<Member>;
  /** Resolves when Redis has confirmed; callers that come meanwhile wait for the same. */
  readonly open: Promise<unknown>;
}

/** ARGV channel and text of each. Returns how many connections got each. */
const PUBLISH_MANY = `
local receivers = {}
for i = 1, #ARGV, 2 do receivers[#receivers + 1] = redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
return receivers
`;

/**
 * Events over Redis channels, one for each entity (`user` of `user.registered`), so that several types share one. At most once: who does
 * not listen at that moment, or whose connection is just gone, never gets the event.
 */
export class RedisPubSubTransport implements Transport {
  readonly name = 'redis-pubsub';
  readonly capabilities: Capabilities = { durable: false, replay: false, ordered: true, fanOut: true, groups: false };
  readonly defaultConcurrency = 10;
  readonly #link: RedisLink;
  readonly #prefix: string;
  readonly #waitingAtMost: number;
  readonly #inspectEveryMs: number;
  readonly #publisher: TurnPublisher;
  readonly #channels = new Map<string, Channel>();
  #subscriber: Promise<Redis> | undefined;
  #listener: TransportListener | undefined;

  /** Connects on first use. @throws InvalidConfigError when the URL is none of Redis */
  constructor(options: RedisPubSubOptions) {
    requireShape('the options of a RedisPubSubTransport', options, KNOWN, { url: 'a text' });
    const { url, namespace, waitingAtMost = 10_000, inspectEveryMs = 5_000 } = options;
    const address = requireRedisAddress(`the URL of ${this.name}`, url);
    const key = ownKey(address, `${checkNamespace(namespace) ?? 'shiftwork'}:events`);
    this.#link = new RedisLink(this.name, address, key);
    this.#prefix = `${key}:`;
    this.#waitingAtMost = waitingAtMost;
    this.#inspectEveryMs = inspectEveryMs;
    const channelOf = ({ type }: OutgoingEvent): string => this.#prefix + type.slice(0, type.indexOf('.'));
    this.#publisher = new TurnPublisher(this.#link, {
      one: event => ['PUBLISH', channelOf(event), event.text],
      many: events => ['EVAL', PUBLISH_MANY, '0', ...events.flatMap(event => [channelOf(event), event.text])],
    });
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#link.listen(listener);
  }

  async publish(event: OutgoingEvent): Promise<void> {
    // Redis answers how many connections got it: the nearest that this transport comes to knowing its subscribers.
    const receivers = await this.#publisher.publish(event);
    if (receivers === 0) this.#listener?.unroutable(event);
  }

  async subscribe(subscription: TransportSubscription): Promise<StopSubscription> {
    const { deliver, concurrency, pattern } = subscription;
    const limiter = new ConcurrencyLimiter(deliver, { concurrency, limit: this.#waitingAtMost });
    const member: Member = { subscription, limiter };
    // A pattern without an entity listens to all of them.
    const name = pattern.entity === undefined ? `${this.#prefix}*` : this.#prefix + pattern.entity;
    const channel = this.#channelOf(name);
    channel.members.add(member);
    try {
      await channel.open;
    } catch (error) {
      this.#leave(name, channel, member);
      throw error;
    }
    const report = (pending: number): void => this.#listener?.lag(subscription.name, pending);
    const quiet = reportLag(report, () => limiter.size, this.#inspectEveryMs);
    return async timeoutMs => {
      this.#leave(name, channel, member);
      await limiter.idle(timeoutMs);
      quiet();
    };
  }

  async close(): Promise<void> {
    this.#channels.clear();
    await this.#link.close();
  }

  #channelOf(name: string): Channel {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    const channel: Channel = { members: new Set(), open: this.#open(name) };
    this.#channels.set(name, channel);
    return channel;
  }

  async #open(name: string): Promise<unknown> {
    const what = `the subscription to "${name}"`;
    this.#subscriber ??= this.#connect(what);
    const subscriber = await this.#subscriber;
    try {
      return await (name.endsWith('*') ? subscriber.psubscribe(name) : subscriber.subscribe(name));
    } catch (cause) {
      throw this.#link.explained(what, cause);
    }
  }

  async #connect(what: string): Promise<Redis> {
    try {
      // The driver subscribes anew by itself after an outage; what was published meanwhile is lost.
      const subscriber = await this.#link.vital(what);
      subscriber.on('message', (channel, text) => this.#arrived(channel, text));
      subscriber.on('pmessage', (pattern, _channel, text) => this.#arrived(pattern, text));
      return subscriber;
    } catch (error) {
      this.#subscriber = undefined;
      throw error;
    }
  }

  #leave(name: string, channel: Channel, member: Member): void {
    channel.members.delete(member);
    if (channel.members.size > 0 || this.#channels.get(name) !== channel) return;
    this.#channels.delete(name);
    void this.#subscriber
      ?.then(subscriber => (name.endsWith('*') ? subscriber.punsubscribe(name) : subscriber.unsubscribe(name)))
      .catch(() => undefined);
  }

  #arrived(name: string, text: string): void {
    const members = this.#channels.get(name)?.members;
    if (members === undefined) return;
    let reading: Reading | undefined = readCloudEvent(text);
    // What cannot be read has no type: every listener of the channel gets it.
    const type = reading.kind === 'event' ? reading.event.type : undefined;
    for (const { subscription, limiter } of members) {
      if (type !== undefined && !subscription.pattern.matches(type)) continue;
      const taken = limiter.add({ text, reading, attempt: 1, repeatable: false });
      // The first alone gets what was read here: each handler has a payload of its own.
      reading = undefined;
      if (!taken) this.#listener?.dropped(subscription.name, 1);
    }
  }
}
