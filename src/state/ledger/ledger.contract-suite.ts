import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENT, waitFor } from '../../../tests/support/wait-for.ts';
import type { Json } from '../../contracts/index.ts';
import { DeliveryError } from '../../resilience/index.ts';
import { EffectInProgressError } from './effect-in-progress-error.ts';
import { GONE_WORKERS, Ledger } from './ledger.ts';
import type { StateEntry, StateStore } from '../store/state-store.ts';

function circle(): object {
  const around: { self?: object } = {};
  around.self = around;
  return around;
}

/** What the ledger promises on every store. */
export function ledgerContract(
  kind: string,
  open: () => Promise<{ readonly store: StateStore; close(): Promise<void> }>,
): void {
  describe(`ledger on ${kind}`, () => {
    let store: StateStore;
    let close: () => Promise<void>;
    beforeAll(async () => ({ store, close } = await open()));
    afterAll(() => close());

    test('an effect is done once, and a repeat answers what it answered', async () => {
      const ledger = new Ledger(store, { scope: 'once' });
      const effect = vi.fn<() => Promise<{ charge: string; parts: number[] }>>(async () => ({
        charge: 'c-1',
        parts: [],
      }));
      expect(await ledger.once('k', effect)).toEqual({ charge: 'c-1', parts: [] });
      expect(await ledger.once('k', effect)).toEqual({ charge: 'c-1', parts: [] });
      expect(effect).toHaveBeenCalledTimes(1);
      expect(await new Ledger(store, { scope: 'other' }).once('k', () => 'another')).toBe('another');
    });

    test('an effect without a result is remembered too', async () => {
      const ledger = new Ledger(store, { scope: 'void' });
      const effect = vi.fn<() => void>();
      expect(await ledger.once('k', effect)).toBeUndefined();
      expect(await ledger.once('k', effect)).toBeUndefined();
      expect(effect).toHaveBeenCalledTimes(1);
    });

    test('null is a result like another', async () => {
      const ledger = new Ledger(store, { scope: 'null' });
      expect(await ledger.once('k', () => null)).toBeNull();
      expect(await ledger.once('k', () => 'another')).toBeNull();
    });

    test.each<[string, unknown]>([
      ['a bigint', 5n],
      ['a circle', circle()],
      ['a date', new Date(0)],
      ['no number', Number.NaN],
      [
        'what cannot be looked at',
        {
          get rows(): never {
            throw new Error('closed');
          },
        },
      ],
    ])('an effect that answers %s is done, is not done again, and says so each time', async (name, answer) => {
      const ledger = new Ledger(store, { scope: 'refused' });
      // As from a handler in JavaScript, or a driver whose types are wrong.
      const effect = vi.fn<() => Json>(() => answer as Json);
      for (let run = 0; run < 2; run += 1) {
        await expect(ledger.once(name, effect)).rejects.toMatchObject({ code: 'EFFECT_REFUSED' });
      }
      expect(effect).toHaveBeenCalledTimes(1);
    });

    test('of many at once one does it, the others are told that it is under way', async () => {
      const ledger = new Ledger(store, { scope: 'race' });
      const gate = Promise.withResolvers<number>();
      const effect = vi.fn<() => Promise<number>>(() => gate.promise);
      const calls = Array.from({ length: 10 }, () => ledger.once('k', effect));
      const settled = Promise.allSettled(calls);
      await vi.waitFor(() => expect(effect).toHaveBeenCalled(), PATIENT);
      gate.resolve(7);
      const results = await settled;
      const fulfilled = results.filter(({ status }) => status === 'fulfilled');
      expect(fulfilled.every(result => result.status === 'fulfilled' && result.value === 7)).toBe(true);
      expect(fulfilled.length).toBeGreaterThanOrEqual(1);
      for (const result of results.filter(each => each.status === 'rejected')) {
        expect(result.reason).toMatchObject({ code: 'EFFECT_IN_PROGRESS' });
      }
      expect(effect).toHaveBeenCalledTimes(1);
    });

    test('an effect that throws has not happened', async () => {
      const ledger = new Ledger(store, { scope: 'throws' });
      await expect(ledger.once('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      expect(await ledger.once('k', () => 'second')).toBe('second');
    });

    test('an effect whose outcome is unknown is held when asked, and else done again', async () => {
      const ledger = new Ledger(store, { scope: 'unknown' });
      const silent = () => Promise.reject(new DeliveryError('unknown', 'the line went dead'));
      await expect(ledger.once('k', silent)).rejects.toThrow('the line went dead');
      const hold = { onDoubt: 'hold' } as const;
      await expect(ledger.once('k', () => 'x', hold)).rejects.toMatchObject({ code: 'EFFECT_IN_DOUBT' });
      expect(await ledger.once('k', () => 'again')).toBe('again');
    });

    test('a process that was silent for longer than its lease is taken over, and cannot overwrite', async () => {
      const gate = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      // Nobody's renewals come, whoever else sets intervals meanwhile: as of a process that is frozen.
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      try {
        const frozen = new Ledger(store, { scope: 'fence', leaseMs: 50 }).once('k', () => {
          begun.resolve();
          return gate.promise;
        });
        const late = frozen.catch((error: unknown) => error);
        await begun.promise;
        const other = new Ledger(store, { scope: 'fence', leaseMs: 50 });
        // Not vi.waitFor, which turns faked clocks.
        await waitFor('the lease to lapse', () => other.once('k', () => 'theirs'));
        gate.resolve('mine');
        expect(await late).toMatchObject({ code: 'EFFECT_TAKEN_OVER' });
        expect(await other.once('k', () => 'third')).toBe('theirs');
      } finally {
        vi.useRealTimers();
      }
    });

    test('the lease is renewed while the effect runs', async () => {
      // Only the renewals' own timer is turned: a third of a lease passes at each step, however long the machine takes for it.
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      try {
        const gate = Promise.withResolvers<string>();
        const begun = Promise.withResolvers<void>();
        const running = new Ledger(store, { scope: 'renewed', worker: 'renewing' }).once('k', () => {
          begun.resolve();
          return gate.promise;
        });
        await begun.promise;
        const own = async (): Promise<StateEntry | undefined> =>
          (await store.list('ledger')).find(({ value }) => JSON.stringify(value).includes('"renewing"'));
        let version = (await own())?.version ?? 0;
        for (let third = 0; third < 4; third += 1) {
          vi.advanceTimersByTime(10_000);
          const renewed = await waitFor('a renewal', async () => {
            const entry = await own();
            return entry !== undefined && entry.version > version && entry;
          });
          version = renewed.version;
        }
        gate.resolve('mine');
        expect(await running).toBe('mine');
      } finally {
        vi.useRealTimers();
      }
    });

    test('jobs with one key are all through as soon as the first has ended, whatever is left of its lease', async () => {
      const ledger = new Ledger(store, { scope: 'waiters' });
      const effect = vi.fn<() => Promise<string>>(async () => {
        await sleep(20);
        return 'done';
      });
      // As a job that meets an effect under way: it comes again when it was told to.
      const pauses: number[] = [];
      const job = async (): Promise<string> => {
        try {
          return await ledger.once('k', effect);
        } catch (error) {
          if (!(error instanceof EffectInProgressError)) throw error;
          pauses.push(error.retryAfterMs);
          await sleep(error.retryAfterMs);
          return job();
        }
      };
      expect(await Promise.all([job(), job(), job()])).toEqual(['done', 'done', 'done']);
      expect(Math.max(0, ...pauses)).toBeLessThanOrEqual(3_000);
      expect(effect).toHaveBeenCalledTimes(1);
    });

    test('nobody waits for a worker that is known to be gone', async () => {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<string>();
      const lost = new Ledger(store, { scope: 'gone', worker: 'host/1' }).once('k', () => {
        begun.resolve();
        return gate.promise;
      });
      const late = lost.catch((error: unknown) => error);
      await begun.promise;
      const other = new Ledger(store, { scope: 'gone', worker: 'host/2' });
      await expect(other.once('k', () => 'theirs')).rejects.toMatchObject({ code: 'EFFECT_IN_PROGRESS' });
      await store.set(GONE_WORKERS, 'host/1', true, 60_000);
      await expect(other.once('k', () => 'theirs', { onDoubt: 'hold' })).rejects.toMatchObject({
        code: 'EFFECT_IN_DOUBT',
      });
      expect(await other.once('k', () => 'theirs')).toBe('theirs');
      gate.resolve('mine');
      expect(await late).toMatchObject({ code: 'EFFECT_TAKEN_OVER' });
    });

    test('whoever is told to stop does not go on waiting', async () => {
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<string>();
      const running = new Ledger(store, { scope: 'stop' }).once('k', () => {
        begun.resolve();
        return gate.promise;
      });
      await begun.promise;
      const stopped = new Ledger(store, { scope: 'stop', signal: AbortSignal.abort() });
      await expect(stopped.once('k', () => 'other')).rejects.toMatchObject({ code: 'EFFECT_IN_PROGRESS' });
      gate.resolve('mine');
      expect(await running).toBe('mine');
    });
  });
}
