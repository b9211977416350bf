import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { signOf } from '../../../resilience/index.ts';
import { ConcurrencyLimiter } from '../../concurrency-limiter.ts';
import type { Verdict } from '../../transport.ts';
import { longPause } from '../long-pause.ts';
import type { BlockingReader } from './link.ts';
import { StreamAcks } from './stream-acks.ts';
import { pairs, readEntries, readStreamReply, type StreamEntry } from './stream-entries.ts';
import type { Refusals } from './refusals.ts';
import type { StreamGroupParts } from './stream-group-parts.ts';
import { CREATE_GROUP, INSPECT, KEEP, LEAVE, MARK, PUT_BACK } from './stream-scripts.ts';
import { StreamSeen } from './stream-seen.ts';
import { sleepOrStop } from '../../../time/index.ts';

interface Claimed {
  readonly entry: StreamEntry;
  readonly attempt: number;
}

const BLOCK_MS = 5_000;
/** A message that has been idle for so long belongs to whoever looks next. */
const HOURS = 86_400_000;
/** Deliveries that wait for another try stay in memory: beyond so many nothing more is read. */
const CLAIMED_AT_MOST = 1_000;

/**
 * One consumer of a group. What it has taken and not acknowledged stays listed in Redis under its name; a sign of life every third of
 * `claimAfterMs` keeps the others from claiming it. How often an entry was delivered is counted in Redis, so that one that kills its
 * process counts as well.
 */
export class StreamGroup {
  readonly #parts: StreamGroupParts;
  readonly #claimed = new Map<string, Claimed>();
  readonly #limiter: ConcurrencyLimiter<Claimed, Verdict | undefined>;
  readonly #stop = new AbortController();
  readonly #acks: StreamAcks;
  readonly #seen = new StreamSeen();
  readonly #refusals: Refusals;
  #reader: BlockingReader | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #loops: Promise<unknown> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(parts: StreamGroupParts) {
    this.#parts = parts;
    const { link, key, group } = parts;
    this.#refusals = parts.refusals();
    this.#acks = new StreamAcks(ids => link.send(this.#what(), 'XACK', key, group, ...ids));
    const { concurrency } = parts.subscription;
    this.#limiter = new ConcurrencyLimiter<Claimed, Verdict | undefined>(one => this.#handle(one), {
      concurrency,
      limit: Number.POSITIVE_INFINITY,
      settle: (one, verdict) => this.#settle(one, verdict),
    });
  }

  /** Resolves when events flow. */
  async start(): Promise<void> {
    const { link, subscription } = this.#parts;
    // The group comes last: it stays, and one that nobody reads would be looked at as one that is behind.
    this.#reader = await link.reader(this.#what());
    try {
      await this.#eval(CREATE_GROUP, subscription.from);
    } catch (error) {
      link.drop(this.#reader.redis);
      throw error;
    }
    const { claimAfterMs, inspectEveryMs } = this.#parts;
    this.#reading = this.#read(this.#reader);
    this.#loops = Promise.all([
      this.#reading,
      this.#every(claimAfterMs / 3, () => this.#keep()),
      this.#every(claimAfterMs / 2, () => this.#claim()),
      this.#every(inspectEveryMs, () => this.#inspect()),
    ]);
  }

  /** Takes nothing more, lets what runs end, and puts the rest where others find it at once. */
  async stop(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    this.#stop.abort();
    this.#wake?.();
    await this.#endRead();
    await this.#limiter.idle(timeoutMs);
    await this.#bounded(endsAt, async () => {
      await this.#acks.flush();
      for (const { entry, attempt } of this.#claimed.values()) await this.#handBack(entry, attempt - 1);
      await this.#eval(LEAVE, this.#parts.consumer);
    });
    if (this.#reader !== undefined) this.#parts.link.drop(this.#reader.redis);
  }

  async #read({ redis }: BlockingReader): Promise<void> {
    let arriving: Promise<readonly StreamEntry[]> | undefined;
    while (!this.#stop.signal.aborted) {
      const room = this.#roomBeside(0);
      if (arriving === undefined && room <= 0) {
        await new Promise<void>(resolve => (this.#wake = resolve));
        // Whatever else has just ended makes the next read a larger one.
        await new Promise(resolve => process.nextTick(resolve));
        continue;
      }
      try {
        const entries = await (arriving ?? this.#ask(redis, room));
        this.#refusals.worked();
        // Asked before these are handled: Redis works meanwhile.
        const more = this.#roomBeside(entries.length);
        arriving = entries.length > 0 && more > 0 ? this.#ask(redis, more) : undefined;
        arriving?.catch(() => undefined);
        this.#take(this.#seen.read(entries).map(entry => ({ entry, attempt: entry.spent + 1 })));
      } catch (error) {
        arriving = undefined;
        await this.#recover(error);
      }
    }
    // It is in our name already: `stop` puts it back.
    const late = await arriving?.catch(() => undefined);
    this.#take(this.#seen.read(late ?? []).map(entry => ({ entry, attempt: entry.spent + 1 })));
  }

  /** How many more there is room for when `coming` are in. */
  #roomBeside(coming: number): number {
    const { concurrency } = this.#parts.subscription;
    return Math.min(2 * concurrency - this.#limiter.size, CLAIMED_AT_MOST - this.#claimed.size) - coming;
  }

  async #ask(redis: Redis, count: number): Promise<readonly StreamEntry[]> {
    const { group, consumer, key } = this.#parts;
    const limit = String(Math.min(count, 100));
    const wait = String(BLOCK_MS);
    return readStreamReply(
      await redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', limit, 'BLOCK', wait, 'STREAMS', key, '>'),
    );
  }

  #take(deliveries: readonly Claimed[]): void {
    const { pattern } = this.#parts.subscription;
    for (const one of deliveries) {
      const { id, only, type } = one.entry;
      if (this.#claimed.has(id)) continue;
      const isMeant = only === undefined ? pattern.matches(type) : only === this.#parts.group;
      if (!isMeant) this.#acks.add(id);
      // Stopping: it goes back with the rest that has not begun.
      else if (this.#stop.signal.aborted) this.#claimed.set(id, one);
      else this.#begin(one);
    }
  }

  #begin(one: Claimed): void {
    this.#claimed.set(one.entry.id, one);
    this.#limiter.add(one);
  }

  #handle({ entry: { text }, attempt }: Claimed): Promise<Verdict | undefined> {
    if (this.#stop.signal.aborted) return Promise.resolve(undefined);
    return this.#parts.subscription.deliver({ text, attempt, repeatable: true });
  }

  #settle(one: Claimed, verdict: Verdict | undefined): Promise<void> | undefined {
    // Stopping: it goes back with the rest that has not begun.
    if (verdict === undefined) return undefined;
    if (verdict.kind !== 'done' && verdict.kind !== 'failed') return this.#unsettled(one, verdict);
    this.#claimed.delete(one.entry.id);
    this.#acks.add(one.entry.id);
    this.#wakeReader();
    return undefined;
  }

  /** Not at each: a read for one entry costs as much as one for fifty. */
  #wakeReader(): void {
    if (this.#limiter.size <= 1.5 * this.#parts.subscription.concurrency) this.#wake?.();
  }

  async #unsettled(one: Claimed, verdict: Exclude<Verdict, { kind: 'done' | 'failed' }>): Promise<void> {
    const { entry, attempt } = one;
    switch (verdict.kind) {
      case 'dead': {
        const { letters, group, subscription } = this.#parts;
        await this.#insist(() => letters.bury({ group, subscription: subscription.name, entry, attempt, verdict }));
        this.#claimed.delete(entry.id);
        return this.#wakeReader();
      }
      case 'retry':
        void this.#again(one, verdict.afterMs, verdict.spent);
        return this.#wakeReader();
      default:
        return verdict satisfies never;
    }
  }

  async #again(one: Claimed, afterMs: number, spent: boolean): Promise<void> {
    const next: Claimed = { entry: one.entry, attempt: one.attempt + (spent ? 1 : 0) };
    this.#claimed.set(one.entry.id, { ...one, attempt: next.attempt });
    try {
      await longPause(afterMs, this.#stop.signal);
    } catch {
      // Stopping: `stop` puts it back.
      return;
    }
    const whose = await this.#insist(() => this.#mark(one.entry, next.attempt, 0));
    // Trimmed while it waited: it goes on with the text that is here.
    if (whose === 'ours' || whose === 'gone') {
      this.#begin(next);
      return;
    }
    this.#claimed.delete(one.entry.id);
    this.#wakeReader();
  }

  async #keep(): Promise<void> {
    await this.#acks.flush();
    const ids = [...this.#claimed.keys()];
    if (ids.length > 0) await this.#eval(KEEP, this.#parts.consumer, ...ids);
  }

  async #claim(): Promise<void> {
    const { listener, subscription } = this.#parts;
    // What was handled here must not come back.
    await this.#acks.flush();
    let cursor = '0-0';
    do {
      const room = Math.min(100, CLAIMED_AT_MOST - this.#claimed.size);
      if (room <= 0) return;
      const from = cursor;
      const { next, entries, deleted } = await this.#seen.claim(this.#claimed.keys(), () =>
        this.#askForDead(from, room),
      );
      const lost = deleted.filter(id => !this.#claimed.has(String(id))).length;
      cursor = next;
      const claimed: Claimed[] = [];
      for (const entry of entries) claimed.push({ entry, attempt: entry.spent + (await this.#deliveriesOf(entry.id)) });
      this.#take(claimed);
      if (lost > 0) listener?.trimmed(subscription.name, lost);
    } while (cursor !== '0-0' && !this.#stop.signal.aborted);
  }

  /** `deleted`: taken once and trimmed before they were acknowledged (Redis lists them from version 7 on). */
  async #askForDead(
    from: string,
    room: number,
  ): Promise<{ next: string; entries: readonly StreamEntry[]; deleted: readonly unknown[] }> {
    const { link, key, group, consumer, claimAfterMs } = this.#parts;
    const least = Math.ceil(claimAfterMs);
    const reply = await link.send(this.#what(), 'XAUTOCLAIM', key, group, consumer, least, from, 'COUNT', room);
    const [next, entries, deleted]: unknown[] = Array.isArray(reply) ? reply : [];
    return {
      next: typeof next === 'string' ? next : '0-0',
      entries: readEntries(entries),
      deleted: Array.isArray(deleted) ? deleted : [],
    };
  }

  async #deliveriesOf(id: string): Promise<number> {
    const { link, key, group } = this.#parts;
    const reply = await link.send(this.#what(), 'XPENDING', key, group, id, id, 1);
    const [pending]: unknown[] = Array.isArray(reply) ? reply : [];
    return Array.isArray(pending) ? Math.max(1, Number(pending[3])) : 1;
  }

  async #inspect(): Promise<void> {
    const { listener, subscription } = this.#parts;
    const reply = await this.#eval(INSPECT);
    const [toCome = 0, underWay = 0, lost = 0] = Array.isArray(reply) ? reply.map(Number) : [];
    listener?.lag(subscription.name, toCome + underWay);
    if (lost > 0) listener?.trimmed(subscription.name, lost);
    await this.#sweep();
  }

  /** Consumers that died leave their names. One without open deliveries that has shown no sign of life for long is taken off. */
  async #sweep(): Promise<void> {
    const { link, key, group, consumer, claimAfterMs } = this.#parts;
    const reply = await link.send(this.#what(), 'XINFO', 'CONSUMERS', key, group);
    for (const each of Array.isArray(reply) ? reply : []) {
      const fields = pairs(Array.isArray(each) ? each : []);
      const name = fields.get('name') ?? consumer;
      const isDead = fields.get('pending') === '0' && Number(fields.get('idle')) > 10 * claimAfterMs;
      if (isDead && name !== consumer) await this.#eval(LEAVE, name);
    }
  }

  async #mark({ id, spent }: StreamEntry, delivered: number, idleMs: number): Promise<unknown> {
    return this.#eval(MARK, this.#parts.consumer, id, Math.max(0, delivered - spent), idleMs);
  }

  async #handBack(entry: StreamEntry, delivered: number): Promise<void> {
    const whose = await this.#mark(entry, delivered, HOURS);
    // Nobody could claim what is no longer in the stream.
    if (whose === 'gone') await this.#eval(PUT_BACK, entry.id, entry.type, entry.text, Math.max(0, delivered));
  }

  #eval(script: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const { link, key, group } = this.#parts;
    return link.send(this.#what(), 'EVAL', script, 1, key, group, ...args);
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#refusals.failed(error);
    try {
      // Redis has lost its data: what is published from now on must not be missed.
      if (signOf(error) === 'NOGROUP') await this.#eval(CREATE_GROUP, 'start');
      else await sleep(200, undefined, { signal: this.#stop.signal });
    } catch {
      // Redis is away, or we stop; the loop sees which.
      await sleep(200);
    }
  }

  /** Until it works or we stop. */
  async #insist(act: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      try {
        return await act();
      } catch {
        if (this.#stop.signal.aborted) return undefined;
        await sleep(500);
      }
    }
  }

  async #every(ms: number, act: () => Promise<void>): Promise<void> {
    const { signal } = this.#stop;
    const refusals = this.#parts.refusals();
    while (!signal.aborted) {
      // Jitter, so that a fleet does not ask as one.
      await sleepOrStop(ms * (0.8 + Math.random() * 0.4), signal);
      if (signal.aborted) return;
      // Redis is away, or the group is gone: the next time.
      await refusals.of(act());
    }
  }

  /** Ends the blocking read without cutting it: what it had just taken would lie there until others claim it. */
  async #endRead(): Promise<void> {
    if (this.#reader === undefined) return;
    await this.#parts.link.endRead(this.#reader, this.#reading);
    await Promise.race([this.#loops, sleep(500)]);
  }

  async #bounded(endsAt: number, act: () => Promise<void>): Promise<void> {
    await Promise.race([act().catch(() => undefined), sleep(Math.max(200, endsAt - performance.now()))]);
  }

  #what(): string {
    return `the subscription "${this.#parts.subscription.name}"`;
  }
}
