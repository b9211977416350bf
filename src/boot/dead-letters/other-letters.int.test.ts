import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { namespace, redisUrl } from '../../../tests/support/engines.ts';
import { counted, openStore, sumsProjection, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { defineApp, defineEvent, defineJob, handle } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import { Projections } from '../../event-store/index.ts';
import { Bus, RedisStreamsTransport } from '../../events/index.ts';
import { Facts } from '../../facts/index.ts';
import { fixed } from '../../resilience/index.ts';
import { DeadLetters, type OtherDeadLetters } from '../../dead-letters/index.ts';
import { lettersOfBus } from '../bus/letters-of-bus.ts';
import { lettersOfProjections } from '../event-store/letters-of-projections.ts';

const SECRET = 'hunter2@example.com';
const placed = defineEvent('order.placed', {
  schema: z.object({ orderId: z.string(), email: z.string() }),
  sensitive: ['email'],
});
const letter = defineJob({ queue: 'email', name: 'letter', schema: z.object({}) });
const app = defineApp({ jobs: [letter], handlers: [handle(letter, () => undefined)] });

describe('dead letters that are no jobs', () => {
  let engine: Engine;
  let bus: Bus;
  let facts: Facts;
  let failing: boolean;
  const seen: Record<'stock' | 'mail', string[]> = { stock: [], mail: [] };

  beforeEach(async () => {
    const space = namespace();
    failing = true;
    facts = new Facts();
    seen.stock = [];
    seen.mail = [];
    engine = openEngine({ url: redisUrl(), namespace: space, role: 'producer' });
    bus = new Bus({
      events: [placed],
      transport: new RedisStreamsTransport({ url: redisUrl(), namespace: space }),
      facts: new Facts(),
    });
    for (const group of ['stock', 'mail'] as const) {
      await bus.subscribe(
        placed,
        ({ payload }) => {
          if (failing) throw new Error(`no ${group} for ${payload.orderId} of ${payload.email}`);
          seen[group].push(payload.orderId);
        },
        { group, attempts: 1, backoff: fixed(10) },
      );
    }
  });
  afterEach(async () => {
    await bus.close(500);
    await engine.close();
  });

  const lettersOn = (others: readonly OtherDeadLetters[], onUnread?: (kind: string) => void) =>
    new DeadLetters({ engine, app, facts, others, onUnread });

  async function die(...orderIds: string[]): Promise<DeadLetters> {
    for (const orderId of orderIds) await bus.publish(placed({ orderId, email: SECRET }));
    const letters = lettersOn([lettersOfBus(bus)]);
    await waitFor('the events to end', async () => (await letters.count({})) === 2 * orderIds.length);
    failing = false;
    return letters;
  }

  test('are listed with where they ended and where they come from, and grouped by cause, without what is sensitive', async () => {
    const letters = await die('o-1', 'o-2');
    const list = await letters.list({}, 10);
    expect(list).toHaveLength(4);
    expect(list[0]).toMatchObject({ kind: 'event', name: 'order.placed', attemptsMade: 1 });
    const groups = await letters.groups();
    expect(groups.map(({ count, queue }) => `${count} ${queue}`).sort()).toEqual(['2 mail', '2 stock']);
    const details = await letters.show(list[0]?.id ?? '');
    expect(details?.data).toEqual({ orderId: expect.any(String), email: '[redacted]' });
    expect(details?.provenance).toMatchObject({ event: expect.any(String), correlation: expect.any(String) });
    expect(JSON.stringify([list, groups, details])).not.toContain(SECRET);
  });

  test('are narrowed down by kind, subscription, name and cause', async () => {
    const letters = await die('o-1');
    const of = async (filter: Parameters<DeadLetters['list']>[0]) => (await letters.list(filter, 10)).length;
    const [first] = await letters.list({ subscription: 'mail' }, 10);
    expect(await of({ kind: 'job' })).toBe(0);
    expect(await of({ kind: 'event' })).toBe(2);
    expect(await of({ subscription: 'mail' })).toBe(1);
    expect(await of({ name: 'order.shipped' })).toBe(0);
    expect(await of({ queue: 'email' })).toBe(0);
    expect(await of({ fingerprint: first?.fingerprint })).toBe(1);
    expect(await letters.count({ subscription: 'mail' })).toBe(1);
  });

  test('are replayed to the subscription in which they ended alone, each once', async () => {
    const letters = await die('o-1', 'o-2');
    const [one] = await letters.list({ subscription: 'mail' }, 10);
    const ids = [one?.id ?? ''];
    expect(await letters.replay({ ids }, { by: 'ada', dryRun: true })).toMatchObject({ done: ids, skipped: [] });
    expect(await letters.count({})).toBe(4);
    const stated = facts.next('dead-letter.replayed');
    const both = await Promise.all([letters.replay({ ids }, { by: 'ada' }), letters.replay({ ids }, { by: 'eve' })]);
    expect(both.flatMap(({ done }) => done)).toEqual(ids);
    expect(await stated).toMatchObject({ kind: 'event', name: 'order.placed', owner: 'mail' });
    await waitFor('it to run', () => seen.mail.length === 1);
    await letters.replay({ subscription: 'stock' }, { by: 'ada' });
    await waitFor('those to run', () => seen.stock.length === 2);
    expect(seen.stock.sort()).toEqual(['o-1', 'o-2']);
    expect(await letters.count({})).toBe(1);
    expect(seen.mail).toHaveLength(1);
  });

  test('are discarded with a reason, and stated', async () => {
    const letters = await die('o-1');
    const stated = facts.next('dead-letter.discarded');
    const report = await letters.discard({ subscription: 'mail' }, { by: 'ada', reason: 'a test order' });
    expect(report.done).toHaveLength(1);
    expect(await stated).toMatchObject({ owner: 'mail', by: 'ada', reason: 'a test order' });
    expect((await letters.list({}, 10)).map(({ queue }) => queue)).toEqual(['stock']);
    const again = await letters.discard({ ids: report.done }, { by: 'ada', reason: 'again' });
    expect(again).toMatchObject({ done: [], skipped: [{ id: report.done[0] }] });
  });

  test('that cannot be read now are told of, and hide nothing else', async () => {
    await die('o-1');
    const away: OtherDeadLetters = {
      kind: 'projection',
      list: () => Promise.reject(new Error('away')),
      count: () => Promise.reject(new Error('away')),
      replay: () => Promise.reject(new Error('away')),
      discard: () => Promise.reject(new Error('away')),
    };
    const unread: string[] = [];
    const letters = lettersOn([away, lettersOfBus(bus)], kind => unread.push(kind));
    expect(await letters.list({}, 10)).toHaveLength(2);
    expect(await letters.count({})).toBe(2);
    expect(unread).toEqual(['projection', 'projection']);
    await expect(lettersOn([away]).list({}, 10)).rejects.toThrow('away');
  });

  describe('of projections', () => {
    let fixture: StoreOfTest;
    let projections: Projections;

    beforeEach(async () => {
      fixture = await openStore();
      const sums = sumsProjection();
      const projection = {
        ...sums,
        onPoison: 'park' as const,
        project: (...args: Parameters<typeof sums.project>) => {
          if (failing) throw new Error('nobody can count');
          return sums.project(...args);
        },
      };
      projections = new Projections({ store: fixture.store, projections: [projection] });
      await projections.prepare();
    });
    afterEach(async () => {
      await projections.stop();
      await fixture.close();
    });

    test('are listed, replayed together in their order, and never discarded', async () => {
      projections.start();
      await fixture.store.append('a', [counted({ by: 1 }), counted({ by: 2 })], { expectedVersion: 'any' });
      const letters = lettersOn([lettersOfProjections(projections)]);
      await waitFor('both to be set aside', async () => (await letters.count({ kind: 'projection' })) === 2);
      const list = await letters.list({ subscription: 'sums' }, 10);
      expect(list).toHaveLength(2);
      const refused = await letters.discard({ subscription: 'sums' }, { by: 'ada', reason: 'no' });
      expect(refused.done).toEqual([]);
      expect(refused.skipped[0]?.why).toContain('cannot leave an event out');
      failing = false;
      const ids = [list[0]?.id ?? ''];
      expect((await letters.replay({ ids }, { by: 'ada' })).done).toEqual(ids);
      expect(await letters.count({})).toBe(0);
    });
  });
});
