import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { AnyEngineCase } from '../../../tests/support/engines.ts';
import { runApp, type RunningApp } from '../../../tests/support/running-app.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { dead, defineApp, defineJob, handle, type HandlerResult, type KeyDefinition } from '../../contracts/index.ts';
import { DeadLetters } from '../../dead-letters/index.ts';
import { IdempotencyConflictError, type JobReceipt } from '../../queue/index.ts';

type Word = 'queued' | 'that job' | 'updated' | 'refused';

/** What a call does, by what there is: `first` with the same data and with other data, `last`, the caller's key with the same data and with other data. */
export const KEY_TABLE = {
  nothing: ['queued', 'queued', 'queued', 'queued', 'queued'],
  'a job that waits': ['that job', 'refused', 'updated', 'that job', 'refused'],
  'a job that runs': ['that job', 'refused', 'queued', 'that job', 'refused'],
  'a job that succeeded, within `for`': ['that job', 'refused', 'queued', 'that job', 'refused'],
  'a job that succeeded, `for` is over': ['queued', 'queued', 'queued', 'queued', 'queued'],
  'a job that was cancelled': ['queued', 'queued', 'queued', 'that job', 'refused'],
  'a job that expired': ['queued', 'queued', 'queued', 'that job', 'refused'],
  'a job that is dead for a certain reason': ['queued', 'queued', 'queued', 'that job', 'refused'],
  'a job that is dead and may have had an effect': ['that job', 'refused', 'refused', 'that job', 'refused'],
  'such a job, discarded by a person': ['queued', 'queued', 'queued', 'that job', 'refused'],
} as const satisfies Readonly<Record<string, readonly Word[]>>;

const LATER = '1h';
const data = z.object({ k: z.string(), n: z.number() });
const of = ({ k }: { readonly k: string }): readonly string[] => [k];
const acts = new Map<string, () => HandlerResult | Promise<HandlerResult>>();

function contractsOf(queue: string, kept?: KeyDefinition<{ k: string; n: number }>['for'], expiresAfter?: number) {
  const common = { queue, schema: data, ...(expiresAfter !== undefined && { expiresAfter }) };
  const time = kept === undefined ? {} : { for: kept };
  const first = defineJob({ ...common, name: `${queue}-first`, key: { of, ...time } });
  const last = defineJob({ ...common, name: `${queue}-last`, key: { of, keep: 'last' } });
  const call = defineJob({ ...common, name: `${queue}-call`, key: time });
  return [first, first, last, call, call] as const;
}
const usual = contractsOf('usual');
const brief = contractsOf('brief', 1);
const late = contractsOf('late', undefined, 1);
const ALL = [...new Set([...usual, ...brief, ...late])];

const app = defineApp({ jobs: ALL, handlers: ALL.map(each => handle(each, ({ k }) => acts.get(k)?.())) });

/** Every row of the table in docs/guides/keys.md, by one call and among many, on a worker host of ours. */
export function keyTable(fixture: Pick<AnyEngineCase, 'kind' | 'open'>): void {
  describe(`a call with a key that meets what there is, on ${fixture.kind}`, () => {
    let running: RunningApp;
    beforeAll(async () => {
      running = await runApp(fixture, app);
    });
    afterAll(() => running.stop());

    const cells = (row: string, contracts: typeof usual) =>
      (['alone', 'many'] as const).flatMap(way =>
        contracts.map((contract, column) => ({ way, contract, column, k: `${fixture.kind} ${row} ${column} ${way}` })),
      );
    type Cell = ReturnType<typeof cells>[number];
    const ask = async ({ way, contract, column, k }: Cell, n: number, delay?: typeof LATER): Promise<JobReceipt> => {
      const { client } = running;
      const options = { ...(column >= 3 && { idempotencyKey: k }), ...(delay !== undefined && { delay }) };
      if (way === 'alone') return client.enqueue(contract, { k, n }, options);
      const [receipt] = await client.enqueueMany([contract({ k, n }, options)]);
      if (receipt === undefined) throw new Error('Expected a receipt.');
      return receipt;
    };
    /** In a word, and which job it names. */
    const word = async (cell: Cell, delay?: typeof LATER): Promise<readonly [Word, string]> => {
      try {
        const { id, deduplicated, updated } = await ask(cell, cell.column === 0 || cell.column === 3 ? 1 : 2, delay);
        return [updated === true ? 'updated' : deduplicated ? 'that job' : 'queued', id];
      } catch (error) {
        if (error instanceof IdempotencyConflictError) return ['refused', error.jobId];
        throw error;
      }
    };
    const statesOf = (ids: readonly string[]) =>
      Promise.all(ids.map(async id => (await running.client.job(id))?.state));
    const all = (ids: readonly string[], state: string) =>
      waitFor(`all to be ${state}`, async () => (await statesOf(ids)).every(each => each === state));
    const firstOf = async (row: string, contracts: typeof usual, act: () => HandlerResult, delay?: typeof LATER) => {
      const made = cells(row, contracts);
      for (const { k } of made) acts.set(k, act);
      const ids = await Promise.all(made.map(async cell => (await ask(cell, 1, delay)).id));
      return { made, ids };
    };
    const expectRow = async (
      row: keyof typeof KEY_TABLE,
      { made, ids }: { readonly made: readonly Cell[]; readonly ids: readonly string[] },
      delay?: typeof LATER,
    ): Promise<void> => {
      const found = await Promise.all(made.map(cell => word(cell, delay)));
      expect(found.map(([said]) => said)).toEqual(made.map(({ column }) => KEY_TABLE[row][column]));
      for (const [index, [said, id]] of found.entries()) expect(id === ids[index]).toBe(said !== 'queued');
    };

    test('nothing', async () => {
      const made = cells('nothing', usual);
      await expectRow('nothing', { made, ids: [] });
    });

    test('a job that waits', async () => {
      await expectRow('a job that waits', await firstOf('waits', usual, () => undefined, LATER), LATER);
    });

    test.each([0, 1, 2, 3, 4])('a job that runs: column %i', async column => {
      // One column after the other: more than run at once would wait.
      const gate = Promise.withResolvers<void>();
      const made = cells('runs', usual).filter(each => each.column === column);
      for (const { k } of made) acts.set(k, () => gate.promise);
      try {
        const ids = await Promise.all(made.map(async cell => (await ask(cell, 1)).id));
        await all(ids, 'running');
        await expectRow('a job that runs', { made, ids });
      } finally {
        gate.resolve();
      }
    });

    test('a job that succeeded, within `for`', async () => {
      const there = await firstOf('succeeded', usual, () => undefined);
      await all(there.ids, 'succeeded');
      await expectRow('a job that succeeded, within `for`', there);
    });

    test('a job that succeeded, `for` is over', async () => {
      const there = await firstOf('over', brief, () => undefined);
      await all(there.ids, 'succeeded');
      await waitFor('the next millisecond but one', async () => {
        const { clock } = running.engine;
        const ends = await Promise.all(there.ids.map(async id => (await running.client.job(id))?.finishedAt ?? 0));
        return clock.now() > Math.max(...ends) + 50;
      });
      await expectRow('a job that succeeded, `for` is over', there);
    });

    test('a job that was cancelled', async () => {
      const there = await firstOf('cancelled', usual, () => undefined, LATER);
      for (const id of there.ids) await running.client.cancel(id);
      await all(there.ids, 'cancelled');
      await expectRow('a job that was cancelled', there);
    });

    test('a job that expired', async () => {
      const queue = await running.engine.queue('late');
      await queue.pause();
      const there = await firstOf('expired', late, () => undefined);
      const since = running.engine.clock.now();
      await waitFor('their time to be over', () => running.engine.clock.now() > since + 50);
      await queue.resume();
      await all(there.ids, 'expired');
      await expectRow('a job that expired', there);
    });

    test('a job that is dead for a certain reason', async () => {
      const there = await firstOf('dead', usual, () => dead('no such user'));
      await all(there.ids, 'dead');
      await expectRow('a job that is dead for a certain reason', there);
    });

    test('a job that is dead and may have had an effect, and such a job, discarded by a person', async () => {
      const inDoubt = (): never => {
        throw Object.assign(new Error('who knows'), { code: 'EFFECT_IN_DOUBT' });
      };
      const there = await firstOf('doubt', usual, inDoubt);
      await all(there.ids, 'dead');
      await expectRow('a job that is dead and may have had an effect', there);
      const letters = new DeadLetters({ engine: running.engine, app, facts: running.facts });
      const { done } = await letters.discard({ ids: there.ids }, { by: 'ops', reason: 'looked at' });
      expect(done.toSorted()).toEqual(there.ids.toSorted());
      await expectRow('such a job, discarded by a person', there);
    });

    test('a replay takes the key again, and is refused where a newer job has it, which it names', async () => {
      const act = (): HandlerResult => dead('no such user');
      const there = await firstOf('replay', usual, act);
      await all(there.ids, 'dead');
      const [cell] = there.made;
      const [id] = there.ids;
      if (cell === undefined || id === undefined) throw new Error('Expected a job.');
      const newer = await ask(cell, 1, LATER);
      const letters = new DeadLetters({ engine: running.engine, app, facts: running.facts });
      const { skipped } = await letters.replay({ ids: [id] }, { by: 'ops' });
      expect(skipped).toEqual([{ id, why: expect.stringContaining(newer.id) as unknown }]);
      await running.client.cancel(newer.id);
      await all([newer.id], 'cancelled');
      const gate = Promise.withResolvers<void>();
      acts.set(cell.k, () => gate.promise);
      expect(await letters.replay({ ids: [id] }, { by: 'ops' })).toMatchObject({ done: [id] });
      await expect(ask(cell, 1)).resolves.toMatchObject({ id, deduplicated: true });
      gate.resolve();
      await all([id], 'succeeded');
    });
  });
}
