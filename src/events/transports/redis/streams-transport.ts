import { hostname } from 'node:os';
import { checkNamespace, requireRedisAddress } from '../../../config/index.ts';
import { InvalidOptionsError, requireShape, shown, type KnownOptions } from '../../../errors/index.ts';
import { ownKey } from '../../../redis/index.ts';
import { createIdSource } from '../../../time/index.ts';
import { readCloudEvent } from '../../envelope/cloud-event.ts';
import type {
  Capabilities,
  OutgoingEvent,
  ReplayRequest,
  StopSubscription,
  Transport,
  TransportListener,
  TransportSubscription,
} from '../../transport.ts';
import { reportLag } from '../report-lag.ts';
import { RedisLink } from './link.ts';
import { Refusals } from './refusals.ts';
import { readEntries } from './stream-entries.ts';
import { StreamGroup } from './stream-group.ts';
import { StreamLetters } from './stream-letters.ts';
import { ADD_MANY } from './stream-scripts.ts';
import { StreamTail } from './stream-tail.ts';
import { TurnPublisher } from './turn-publisher.ts';

export interface RedisStreamsOptions {
  /** As REDIS_URL: one server, sentinels, or a cluster. */
  readonly url: string;
  /** Keeps installations apart; `shiftwork` when left out. */
  readonly namespace?: string | undefined;
  /** About so many events are kept (Redis trims in blocks of its own); 100,000 by default. A group that is further behind loses some: alarm. */
  readonly maxLength?: number;
  /** A delivery that shows no sign of life for so long goes to another consumer; 30 s by default. */
  readonly claimAfterMs?: number;
  /** How often lag and trimming are looked at; 5 s by default. */
  readonly inspectEveryMs?: number;
}

const KNOWN: KnownOptions<RedisStreamsOptions> = {
  url: true,
  namespace: true,
  maxLength: true,
  claimAfterMs: true,
  inspectEveryMs: true,
};

const PAGE = 500;

/**
 * Events in one Redis stream: durable as far as Redis is (its append-only file), in order, with groups that keep their position.
 * Subscriptions without a group follow from now on, each event once at most.
 */
export class RedisStreamsTransport implements Transport {
  readonly name = 'redis-streams';
  readonly capabilities: Capabilities = { durable: true, replay: true, ordered: true, fanOut: true, groups: true };
  readonly defaultConcurrency = 10;
  readonly deadLetters: StreamLetters;
  readonly #link: RedisLink;
  readonly #key: string;
  readonly #publisher: TurnPublisher;
  readonly #options: RedisStreamsOptions;
  readonly #ids = createIdSource();
  #listener: TransportListener | undefined;

  /** Connects on first use. @throws InvalidConfigError when the URL is none of Redis; InvalidOptionsError */
  constructor(options: RedisStreamsOptions) {
    requireShape('the options of a RedisStreamsTransport', options, KNOWN, { url: 'a text' });
    checkOptions(options);
    this.#options = options;
    const address = requireRedisAddress(`the URL of ${this.name}`, options.url);
    this.#key = ownKey(address, `${checkNamespace(options.namespace) ?? 'shiftwork'}:events`);
    this.#link = new RedisLink(this.name, address, this.#key);
    const limit = String(options.maxLength ?? 100_000);
    this.#publisher = new TurnPublisher(this.#link, {
      one: ({ type, text }) => ['XADD', this.#key, 'MAXLEN', '~', limit, '*', 'type', type, 'event', text],
      many: events => ['EVAL', ADD_MANY, '1', this.#key, limit, ...events.flatMap(({ type, text }) => [type, text])],
    });
    this.deadLetters = new StreamLetters(this.#link, this.#key);
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#link.listen(listener);
  }

  async publish(event: OutgoingEvent): Promise<void> {
    await this.#publisher.publish(event);
  }

  async subscribe(subscription: TransportSubscription): Promise<StopSubscription> {
    const { group, pattern } = subscription;
    const { claimAfterMs = 30_000, inspectEveryMs = 5_000 } = this.#options;
    const warned = (warning: string): void => this.#listener?.warned(warning);
    const refusals = (): Refusals => new Refusals(`the subscription "${subscription.name}"`, warned);
    if (group === undefined) {
      const tail = new StreamTail(this.#link, this.#key, subscription, refusals());
      await tail.start();
      const report = (pending: number): void => this.#listener?.lag(subscription.name, pending);
      const quiet = reportLag(report, () => tail.lag(), inspectEveryMs);
      return async timeoutMs => {
        await tail.stop(timeoutMs);
        quiet();
      };
    }
    const member = new StreamGroup({
      link: this.#link,
      key: this.#key,
      // Two patterns under one group are two positions in the stream.
      group: `${group} ${pattern.text}`,
      consumer: `${hostname()}-${process.pid}-${this.#ids.next()}`,
      subscription,
      letters: this.deadLetters,
      listener: this.#listener,
      refusals,
      claimAfterMs,
      inspectEveryMs,
    });
    await member.start();
    return timeoutMs => member.stop(timeoutMs);
  }

  async replay({ pattern, from, deliver, signal }: ReplayRequest): Promise<number> {
    // An event's own id says nothing about its position, so the transport searches for it.
    let begun = from instanceof Date;
    let start = from instanceof Date ? `${Math.max(0, from.getTime())}-0` : '-';
    let count = 0;
    for (;;) {
      signal?.throwIfAborted();
      const page = readEntries(await this.#link.send('a replay', 'XRANGE', this.#key, start, '+', 'COUNT', PAGE));
      for (const { type, text, only } of page) {
        if (only !== undefined) continue;
        begun ||= isEvent(text, from);
        if (!begun || !pattern.matches(type)) continue;
        signal?.throwIfAborted();
        await deliver(text);
        count += 1;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) {
        if (!begun) throw notKept(from);
        return count;
      }
      start = `(${last.id}`;
    }
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}

function checkOptions({
  maxLength = 100_000,
  claimAfterMs = 30_000,
  inspectEveryMs = 5_000,
}: RedisStreamsOptions): void {
  const expect = (name: string, value: number, least: number): void => {
    if (Number.isSafeInteger(value) && value >= least) return;
    throw new InvalidOptionsError(
      `Expected ${name} of redis-streams to be an integer of at least ${least}, got ${shown(value)}.`,
    );
  };
  expect('maxLength', maxLength, 1);
  // Three signs of life and two looks for the dead in that time, from each member of a group.
  expect('claimAfterMs', claimAfterMs, 100);
  expect('inspectEveryMs', inspectEveryMs, 10);
}

/** Nothing replayed and nothing said would look like "there was nothing". */
function notKept(id: Date | string): InvalidOptionsError {
  return new InvalidOptionsError(
    `Expected from to be a Date or the id of an event that the stream still keeps, found no event ${JSON.stringify(id)}. ` +
      'It may have been trimmed: replay from an instant.',
  );
}

function isEvent(text: string, id: Date | string): boolean {
  const reading = readCloudEvent(text);
  return reading.kind === 'event' && reading.event.id === id;
}
