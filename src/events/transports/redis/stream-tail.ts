import { ConcurrencyLimiter } from '../../concurrency-limiter.ts';
import type { Delivery, TransportSubscription, Verdict } from '../../transport.ts';
import type { BlockingReader, RedisLink } from './link.ts';
import type { Refusals } from './refusals.ts';
import { readStreamReply } from './stream-entries.ts';
import { COUNT_BEHIND } from './stream-scripts.ts';
import { sleepOrStop } from '../../../time/index.ts';

const BLOCK_MS = 5_000;

/** A subscription without a group: follows the stream from now on and leaves nothing behind. Each event once at most. */
export class StreamTail {
  readonly #link: RedisLink;
  readonly #key: string;
  readonly #subscription: TransportSubscription;
  readonly #limiter: ConcurrencyLimiter<Delivery, Verdict>;
  readonly #refusals: Refusals;
  readonly #stop = new AbortController();
  #reader: BlockingReader | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;
  /** Up to here it has read. */
  #last = '0-0';

  constructor(link: RedisLink, key: string, subscription: TransportSubscription, refusals: Refusals) {
    this.#link = link;
    this.#refusals = refusals;
    this.#key = key;
    this.#subscription = subscription;
    const { concurrency, deliver } = subscription;
    this.#limiter = new ConcurrencyLimiter(deliver, { concurrency, limit: Number.POSITIVE_INFINITY });
  }

  async start(): Promise<void> {
    const what = `the subscription "${this.#subscription.name}"`;
    const reply = await this.#link.send(what, 'XREVRANGE', this.#key, '+', '-', 'COUNT', 1);
    const [newest]: unknown[] = Array.isArray(reply) ? reply : [];
    if (Array.isArray(newest)) this.#last = String(newest[0]);
    this.#reader = await this.#link.reader(what);
    this.#reading = this.#read(this.#reader);
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    if (this.#reader !== undefined) {
      await this.#link.endRead(this.#reader, this.#reading);
      this.#link.drop(this.#reader.redis);
    }
    await this.#limiter.idle(timeoutMs);
  }

  /** How many events it has not handled yet; beyond a thousand they are not counted. */
  async lag(): Promise<number> {
    const what = `the lag of "${this.#subscription.name}"`;
    const toCome = await this.#link.send(what, 'EVAL', COUNT_BEHIND, 1, this.#key, this.#last);
    return Number(toCome) + this.#limiter.size;
  }

  async #read({ redis }: BlockingReader): Promise<void> {
    const { pattern, concurrency } = this.#subscription;
    while (!this.#stop.signal.aborted) {
      if (this.#limiter.size >= 2 * concurrency) {
        await new Promise<void>(resolve => (this.#wake = resolve));
        continue;
      }
      try {
        const reply: unknown = await redis.call(
          'XREAD',
          'COUNT',
          '100',
          'BLOCK',
          String(BLOCK_MS),
          'STREAMS',
          this.#key,
          this.#last,
        );
        this.#refusals.worked();
        for (const { id, type, text, only } of readStreamReply(reply)) {
          this.#last = id;
          if (only === undefined && pattern.matches(type)) void this.#hand(text);
        }
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#refusals.failed(error);
        await sleepOrStop(200, this.#stop.signal);
      }
    }
  }

  async #hand(text: string): Promise<void> {
    await this.#limiter.offer({ text, attempt: 1, repeatable: false });
    this.#wake?.();
  }
}
