import { afterEach, beforeEach, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../contracts/index.ts';
import { Facts, type Fact } from '../facts/index.ts';
import { fixed } from '../resilience/index.ts';
import { Bus } from './bus/bus.ts';
import type { Transport } from './transport.ts';

export const userRegistered = defineEvent('user.registered', {
  schema: z.object({ userId: z.string(), at: z.date().optional() }),
  sensitive: ['userId'],
});
export const userUpdated = defineEvent('user.updated', { schema: z.object({ userId: z.string() }) });
export const orderPlaced = defineEvent('order.placed', { schema: z.object({ orderId: z.string() }) });
export const events = [userRegistered, userUpdated, orderPlaced];

/** What belongs to one test: what several transports of it share. */
export interface TransportFixture {
  /** As another process would open it; the same object where a transport lives in one process. */
  open(): Transport;
  cleanup(): Promise<void>;
}

export const ONCE_MORE = { backoff: fixed(20) } as const;

/** A test of what is declared: what is not has no test, instead of one that is passed over. */
export const given = (applies: boolean): ((claim: string, run: () => Promise<void>) => void) =>
  applies ? test : () => undefined;

/** What the tests of one transport share. */
export interface TransportTrial {
  /** A bus on a transport of its own, in the place of the test. */
  open(): Bus;
  /** Everything that its buses have stated, in order. */
  stated(): readonly Fact[];
  statedOf(fact: Fact['name']): readonly Fact[];
}

/** A fixture for each test, and buses that are closed after it; to be called where the tests are described. */
export function transportTrial(openFixture: () => Promise<TransportFixture>): TransportTrial {
  let fixture: TransportFixture;
  let buses: Bus[];
  let facts: Fact[];

  beforeEach(async () => {
    fixture = await openFixture();
    buses = [];
    facts = [];
  });
  afterEach(async () => {
    await Promise.all(buses.map(bus => bus.close(2_000)));
    await fixture.cleanup();
  });

  const open = (): Bus => {
    const all = new Facts();
    all.onAny(fact => facts.push(fact));
    const bus = new Bus({ events, transport: fixture.open(), facts: all });
    buses.push(bus);
    return bus;
  };
  const statedOf = (fact: Fact['name']): readonly Fact[] => facts.filter(each => each.name === fact);
  return { open, stated: () => facts, statedOf };
}
