import { requireShape } from '../../errors/index.ts';
import { ConcurrencyLimiter } from '../concurrency-limiter.ts';
import type {
  Capabilities,
  Delivery,
  LocalResult,
  OutgoingEvent,
  StopSubscription,
  Transport,
  TransportListener,
  TransportSubscription,
  Verdict,
} from '../transport.ts';
import { reportLag } from './report-lag.ts';

export interface InProcessOptions {
  /** How often the transport counts what waits for each subscription; 5 s by default. */
  readonly inspectEveryMs?: number;
}

interface Member {
  readonly subscription: TransportSubscription;
  readonly limiter: ConcurrencyLimiter<Delivery, Verdict>;
}

/** Waiting for a handler at most, where a subscription bounds how many run. */
const WAITING = 10_000;

/**
 * Events within one process. They exist in its memory alone: what was not handled when it ends is lost.
 * Handlers get what they would get over a wire, so that moving to another transport changes nothing for them.
 */
export class InProcessTransport implements Transport {
  readonly name = 'in-process';
  readonly capabilities: Capabilities = { durable: false, replay: false, ordered: true, fanOut: true, groups: true };
  readonly defaultConcurrency = Number.POSITIVE_INFINITY;
  /** By group and pattern; a subscription without a group is one of its own. Members of a group take turns. */
  readonly #parties = new Map<string | symbol, Member[]>();
  readonly #inspectEveryMs: number;
  #listener: TransportListener | undefined;
  #scheduled = 0;

  constructor(options: InProcessOptions = {}) {
    requireShape('the options of an InProcessTransport', options, { inspectEveryMs: true });
    this.#inspectEveryMs = options.inspectEveryMs ?? 5_000;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
  }

  async publish(event: OutgoingEvent): Promise<void> {
    const members = this.#takers(event);
    if (members.length === 0) this.#listener?.unroutable(event);
    this.#scheduled += 1;
    // Handlers begin after the publisher has gone on; events keep their order.
    setImmediate(() => {
      this.#scheduled -= 1;
      for (const member of members) {
        if (this.#hand(member, event) === undefined) this.#listener?.dropped(member.subscription.name, 1);
      }
    });
  }

  async publishAndWait(event: OutgoingEvent): Promise<readonly LocalResult[]> {
    const results = this.#takers(event).map(async (member): Promise<LocalResult> => {
      const { name } = member.subscription;
      const full: Verdict = { kind: 'failed', error: new Error(`more than ${WAITING} events wait for it`) };
      return { subscription: name, verdict: (await this.#hand(member, event)) ?? full };
    });
    return Promise.all(results);
  }

  async subscribe(subscription: TransportSubscription): Promise<StopSubscription> {
    const { group, pattern, concurrency, deliver } = subscription;
    const party = group === undefined ? Symbol(pattern.text) : `${group} ${pattern.text}`;
    const member: Member = { subscription, limiter: new ConcurrencyLimiter(deliver, { concurrency, limit: WAITING }) };
    this.#parties.set(party, [...(this.#parties.get(party) ?? []), member]);
    const report = (pending: number): void => this.#listener?.lag(subscription.name, pending);
    const quiet = reportLag(report, () => member.limiter.size, this.#inspectEveryMs);
    return async timeoutMs => {
      const others = (this.#parties.get(party) ?? []).filter(other => other !== member);
      if (others.length > 0) this.#parties.set(party, others);
      else this.#parties.delete(party);
      // What was published before has its takers already, and is handed to them in this turn of the loop.
      await new Promise(resolve => setImmediate(resolve));
      await member.limiter.idle(timeoutMs);
      quiet();
    };
  }

  async drain(timeoutMs: number): Promise<void> {
    const endsAt = performance.now() + timeoutMs;
    do {
      const limiters = [...this.#parties.values()].flat().map(({ limiter }) => limiter);
      if (this.#scheduled === 0 && limiters.every(({ size }) => size === 0)) return;
      await Promise.all(limiters.map(limiter => limiter.idle(Math.max(0, Math.ceil(endsAt - performance.now())))));
      await new Promise(resolve => setImmediate(resolve));
    } while (performance.now() < endsAt);
  }

  async close(): Promise<void> {
    this.#parties.clear();
  }

  #hand({ limiter }: Member, event: OutgoingEvent): Promise<Verdict> | undefined {
    return limiter.offer({ text: event.text, attempt: 1, repeatable: false });
  }

  /** One member of each party that wants it. */
  #takers({ type }: OutgoingEvent): readonly Member[] {
    const takers: Member[] = [];
    for (const [party, members] of this.#parties) {
      const [first, ...others] = members;
      if (first === undefined || !first.subscription.pattern.matches(type)) continue;
      takers.push(first);
      if (others.length > 0) this.#parties.set(party, [...others, first]);
    }
    return takers;
  }
}
