import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, defineJob, react } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { migrateOutbox, Outbox } from '../../outbox/index.ts';
import { counted, noted, openStore, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { PATIENCE_MS } from '../../../tests/support/wait-for.ts';
import { EventStore } from '../event-store.ts';
import { forwardEvents, type EventOutbox } from './forward-events.ts';
import { Projections } from './projections.ts';

const tell = defineJob({ queue: 'email', name: 'tell', schema: z.object({ by: z.int() }) });
const reaction = react(counted, 'tell-somebody', ({ payload }) => [tell({ by: payload.by })]);

let fixture: StoreOfTest;
let running: Projections | undefined;
beforeEach(async () => {
  fixture = await openStore();
  await migrateOutbox(fixture.pool);
});
afterEach(async () => {
  await running?.stop();
  await fixture.close();
});

async function run(outbox: EventOutbox, startAt: 'beginning' | 'now' = 'beginning'): Promise<Projections> {
  const forward = forwardEvents({ name: 'to_bus', events: [counted, noted], outbox, reactions: [reaction], startAt });
  running = new Projections({ store: fixture.store, projections: [forward], pollEvery: 20 });
  await running.prepare();
  running.start();
  return running;
}
const entries = async (kind: string) =>
  (
    await fixture.pool.query<{ id: string; slot: number; body: string }>(
      'select id, slot, body from shiftwork_outbox.entry where kind = $1 order by position',
      [kind],
    )
  ).rows;
const add = (stream: string, ...numbers: number[]) =>
  fixture.store.append(
    stream,
    numbers.map(by => counted({ by })),
    { expectedVersion: 'any', correlationId: 'c-1', userId: 'ada' },
  );

describe('forwarded events', () => {
  test('stand in the outbox with their own ids, times and causes, each stream in its order, with the jobs that follow', async () => {
    const first = await add('a', 1, 2);
    const projections = await run(new Outbox());
    const at = new Date('2026-01-02T03:04:05.678Z');
    const second = await fixture.store.append('b', [noted({ text: 'dated', at }, { timestamp: at })], {
      expectedVersion: 0,
    });
    await projections.waitFor('to_bus', second.position, PATIENCE_MS);
    const events = await entries('event');
    expect(events.map(({ id }) => id)).toEqual([...first.eventIds, ...second.eventIds]);
    expect(events[0]?.slot).toBe(events[1]?.slot);
    expect(JSON.parse(events[0]?.body ?? '')).toMatchObject({ correlationid: 'c-1', userid: 'ada', data: { by: 1 } });
    expect(events.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { stream: 'a', streamversion: '1', position: String(first.positions[0]) },
      { stream: 'a', streamversion: '2', position: String(first.positions[1]) },
      { stream: 'b', streamversion: '1', position: String(second.position) },
    ]);
    expect(JSON.parse(events[2]?.body ?? '')).toMatchObject({ time: at.toISOString(), data: { text: 'dated' } });
    expect(await entries('job')).toHaveLength(2);
  });

  test('tell reactions where they stand', async () => {
    const seen: unknown[] = [];
    const seeing = react(counted, 'see', ({ metadata }) => (seen.push(metadata.stored), []));
    const forward = forwardEvents({ name: 'to_bus', events: [counted], outbox: new Outbox(), reactions: [seeing] });
    running = new Projections({ store: fixture.store, projections: [forward], pollEvery: 20 });
    await running.prepare();
    running.start();
    const { position } = await add('a', 7);
    await running.waitFor('to_bus', position, PATIENCE_MS);
    expect(seen).toEqual([{ stream: 'a', streamVersion: 1, position }]);
  });

  test('are there once when a batch fails half-way and comes again', async () => {
    const outbox = new Outbox();
    let calls = 0;
    const failing: EventOutbox = {
      async publish(...args) {
        calls += 1;
        await outbox.publish(...args);
        if (calls === 2 || calls === 4) throw new Error('half-way');
      },
    };
    const projections = await run(failing);
    const { position, eventIds } = await add('a', 1, 2, 3, 4, 5);
    await projections.waitFor('to_bus', position, PATIENCE_MS);
    expect((await entries('event')).map(({ id }) => id)).toEqual(eventIds);
  });

  test('begin now where that is asked, and are never said again by a rebuild', async () => {
    await add('a', 1);
    const projections = await run(new Outbox(), 'now');
    const { position, eventIds } = await add('a', 2);
    await projections.waitFor('to_bus', position, PATIENCE_MS);
    expect((await entries('event')).map(({ id }) => id)).toEqual(eventIds);
    await expect(projections.rebuild('to_bus')).rejects.toThrow(InvalidOptionsError);
  });

  test.each([
    ['multiplies', z.object({ cents: z.number().transform(n => n * 100) }), { cents: 3 }],
    ['makes dates of texts', z.object({ at: z.string().transform(s => new Date(s)) }), { at: '2026-01-01' }],
  ] as const)(
    'of a schema that %s are refused: the bus would get another payload than the store has',
    async (_, schema, given) => {
      const raised = defineEvent('price.raised', { schema: schema as z.ZodType<unknown, unknown> });
      const store = new EventStore({ pool: fixture.pool, events: [raised], facts: fixture.facts });
      const stopped = fixture.facts.next('projection.stopped');
      const forward = forwardEvents({ name: 'to_bus', events: [raised], outbox: new Outbox() });
      running = new Projections({ store, projections: [forward], pollEvery: 20 });
      await running.prepare();
      running.start();
      await store.append('a', [raised(given)], { expectedVersion: 0 });
      expect((await stopped).error.message).toContain('"price.raised" to leave what it has made as it is');
      expect(await entries('event')).toEqual([]);
    },
  );

  test('of a schema that tidies what it is given, and again changes nothing, are forwarded tidy', async () => {
    const renamed = defineEvent('user.renamed', {
      schema: z.object({ name: z.string().trim(), note: z.string().default('none') }),
    });
    const store = new EventStore({ pool: fixture.pool, events: [renamed] });
    const forward = forwardEvents({ name: 'to_bus', events: [renamed], outbox: new Outbox() });
    running = new Projections({ store, projections: [forward], pollEvery: 20 });
    await running.prepare();
    running.start();
    const { position } = await store.append('a', [renamed({ name: ' Ada ' })], { expectedVersion: 0 });
    await running.waitFor('to_bus', position, PATIENCE_MS);
    const [event] = await entries('event');
    expect(JSON.parse(event?.body ?? '')).toMatchObject({ data: { name: 'Ada', note: 'none' } });
  });
});
