import { InvalidOptionsError, requireKnown } from '../../errors/index.ts';
import { exponential, type Backoff } from '../../resilience/index.ts';
import type { Capabilities } from '../transport.ts';

export interface SubscribeOptions {
  /**
   * Subscriptions with the same group and the same event or pattern share the events among them, and on a durable transport the
   * group keeps its position while none of them runs. Without one a subscription gets every event from now on.
   */
  readonly group?: string;
  /** For facts and errors; the group, or the handler's name, when left out. */
  readonly name?: string;
  /** Handlers at once. Without a bound in-process, 10 elsewhere; 1 keeps the order where the transport is ordered. */
  readonly concurrency?: number;
  /** Deliveries at most before an event becomes a dead letter; 10 by default. Durable transports alone repeat. */
  readonly attempts?: number;
  /** Between deliveries: exponential from 1 s to 5 minutes by default. */
  readonly backoff?: Backoff;
  /** Where a new group begins: `now` by default, or with the oldest event that is kept. */
  readonly from?: 'now' | 'start';
}

const KNOWN: ReadonlySet<string> = new Set(['group', 'name', 'concurrency', 'attempts', 'backoff', 'from']);
const GROUP = /^[a-z0-9]+([._-][a-z0-9]+)*$/;
const BACKOFF = exponential({ from: '1s', to: '5m' });

export interface CheckedSubscription {
  readonly group: string | undefined;
  readonly concurrency: number | undefined;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly from: 'now' | 'start';
}

/** @throws InvalidOptionsError */
export function checkSubscription(what: string, options: SubscribeOptions): CheckedSubscription {
  const refuse = (problem: string): never => {
    throw new InvalidOptionsError(`Subscription to "${what}": ${problem}.`);
  };
  requireKnown(`options of a subscription to "${what}"`, options, KNOWN);
  const { group, concurrency, attempts = 10, backoff = BACKOFF, from = 'now' } = options;
  if (group !== undefined && (group.length > 100 || !GROUP.test(group))) {
    refuse('expected group to be up to 100 lower-case letters and digits, joined by ".", "-" or "_"');
  }
  if (concurrency !== undefined && (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000)) {
    refuse(`expected concurrency to be an integer from 1 to 1000, got ${concurrency}`);
  }
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > 100) {
    refuse(`expected attempts to be an integer from 1 to 100, got ${attempts}`);
  }
  if (from === 'start' && group === undefined) refuse('expected a group with from "start"; or use replay()');
  return { group, concurrency, attempts, backoff, from };
}

/** For the error that names what would have helped. */
export const ABLE: Readonly<Record<keyof Capabilities, string>> = {
  durable: 'redis-streams, rabbitmq',
  replay: 'redis-streams',
  ordered: 'in-process, redis-pubsub, redis-streams, rabbitmq',
  fanOut: 'in-process, redis-pubsub, redis-streams, rabbitmq',
  groups: 'in-process, redis-streams, rabbitmq',
};

/** Without types nobody else would say so: each event would fail, and become a dead letter. */
export function expectHandler(text: string, handler: unknown): void {
  if (typeof handler === 'function') return;
  throw new InvalidOptionsError(
    `Subscription to "${text}": expected a function as its handler, got ${typeof handler}.`,
  );
}
