import { assert, asyncProperty, array, constantFrom, date, integer, option, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from '../../contracts/index.ts';
import { causedBy } from '../../tracing/index.ts';
import { openStore, type StoreOfTest } from '../../../tests/support/event-store.ts';
import { defineDecider, on } from './decider.ts';
import { personalData } from '../privacy/personal-data.ts';
import type { ExecuteOptions } from './execute-options.ts';
import { Repository } from './repository.ts';

/** Its output is not its input, it has a date, and a field of it is encrypted. */
const paid = defineEvent('bill.paid', {
  schema: z.object({
    amount: z.int().transform(String),
    due: z.date(),
    by: z.string(),
    note: z.string().default('none'),
  }),
});
const sent = defineEvent('bill.sent', { schema: z.object({ to: z.string() }) });

let fixture: StoreOfTest;
let streams = 0;
beforeAll(async () => {
  const encrypted = personalData(paid, { subject: ({ by }) => by, erased: { by: 'somebody' } });
  fixture = await openStore({ events: [paid, sent], personalData: [encrypted] });
});
afterAll(() => fixture.close());

interface Command {
  readonly amount: number;
  readonly happened: Date | undefined;
  readonly user: string | undefined;
  readonly also: boolean;
}

/** A state that holds everything that readers are given of an event. */
const ledger = defineDecider<Command, readonly object[]>({
  name: 'ledger',
  initial: [],
  decide: ({ amount, happened, user, also }) => [
    paid(
      { amount, due: new Date(amount), by: 'ada' },
      { ...(happened && { timestamp: happened }), ...(user !== undefined && { userId: user }) },
    ),
    ...(also ? [sent({ to: 'ada' })] : []),
  ],
  evolve: [on(paid, (state, event) => [...state, { ...event }]), on(sent, (state, event) => [...state, { ...event }])],
});

const users = constantFrom(undefined, 'u1', 'u2');
const commands = record({
  amount: integer({ min: 0, max: 1_000 }),
  happened: option(date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), {
    nil: undefined,
  }),
  user: users,
  also: constantFrom(true, false),
  /** Who commands says it for all events, or the handler that runs was caused by somebody. */
  said: users,
  caused: users,
});

describe('what a repository evolves is what was recorded', () => {
  test('the state after a command, from a snapshot at any cut and from all events are one', async () => {
    await assert(
      asyncProperty(
        array(commands, { minLength: 1, maxLength: 6 }),
        integer({ min: 1, max: 4 }),
        async (given, every) => {
          const stream = `ledger-${(streams += 1)}`;
          const snapshots = new Repository(fixture.store, ledger, { snapshots: { every, shape: 1 } });
          const replay = new Repository(fixture.store, ledger);
          for (const { said, caused, ...command } of given) {
            const options: ExecuteOptions = said === undefined ? {} : { userId: said };
            const cause = { correlationId: 'c', causationId: 'k', userId: caused, traceparent: undefined };
            const { state, version } = await causedBy(cause, () => snapshots.execute(stream, command, options));
            const all = await replay.load(stream);
            expect(state).toStrictEqual(all.state);
            expect(version).toBe(all.version);
          }
          const { version: last } = await replay.load(stream);
          for (let cut = 0; cut <= last; cut += 1) {
            expect(await snapshots.load(stream, { version: cut })).toStrictEqual(
              await replay.load(stream, { version: cut }),
            );
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  test('also of several streams together, and in a transaction of the app', async () => {
    const command = { amount: 1, happened: undefined, user: 'u1', also: true };
    const names = [`ledger-${(streams += 1)}`, `ledger-${(streams += 1)}`];
    const ledgers = new Repository(fixture.store, ledger, { snapshots: { every: 1, shape: 1 } });
    const together = names.map(stream => ({ stream, command }));
    const outside = await ledgers.executeTogether(together);
    const tx = await fixture.pool.connect();
    await tx.query('begin');
    const inside = await ledgers.executeTogether(together, { tx });
    await tx.query('commit');
    tx.release();
    for (const [index, stream] of names.entries()) {
      await ledgers.keepSnapshot(stream);
      const now = await new Repository(fixture.store, ledger).load(stream);
      expect(inside[index]?.state).toStrictEqual(now.state);
      expect(outside[index]?.state).toStrictEqual(now.state.slice(0, 2));
      expect(await ledgers.load(stream)).toStrictEqual(now);
    }
  });

  test('an event whose schema does not answer at once is refused as a contract that cannot work', async () => {
    const unsure = defineEvent('lamp.moved', { schema: z.object({ to: z.string().refine(async () => true) }) });
    const store = await openStore({ events: [unsure] });
    const moves = defineDecider<string, number>({
      name: 'lamp',
      initial: 0,
      decide: to => [unsure({ to })],
      evolve: [on(unsure, count => count + 1)],
    });
    await expect(new Repository(store.store, moves).execute('lamp-1', 'x')).rejects.toMatchObject({
      code: 'INVALID_CONTRACT',
      message: expect.stringContaining('"lamp.moved"'),
    });
    await expect(store.store.append('lamp-1', [unsure({ to: 'x' })], { expectedVersion: 'any' })).rejects.toMatchObject(
      { code: 'INVALID_CONTRACT' },
    );
    expect(await store.store.streamVersion('lamp-1')).toBe(0);
    await store.close();
  });

  test('what is no event is refused by type, with a command id and without', async () => {
    const lost = defineDecider<unknown, number>({
      name: 'lost',
      initial: 0,
      decide: said => [said as never],
      evolve: [on(sent, count => count + 1)],
    });
    for (const said of [undefined, null, 'bill.sent', {}, { kind: 'event-request' }, sent]) {
      for (const options of [{}, { commandId: `c-${(streams += 1)}` }]) {
        await expect(new Repository(fixture.store, lost).execute('lost-1', said, options)).rejects.toMatchObject({
          code: 'INVALID_OPTIONS',
        });
      }
    }
  });
});
