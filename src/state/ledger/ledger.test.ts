import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Ledger } from './ledger.ts';
import { MemoryStateStore } from '../store/memory-store.ts';

/** Writes, and answers when it is let; or loses the answer. */
class SlowStore extends MemoryStateStore {
  answer: Promise<unknown> = Promise.resolve();
  loseNext = false;

  override async compareAndSet(...write: Parameters<MemoryStateStore['compareAndSet']>): Promise<number | undefined> {
    const version = await super.compareAndSet(...write);
    if (this.loseNext) {
      this.loseNext = false;
      throw new Error('The answer was lost.');
    }
    await this.answer;
    return version;
  }
}

describe('an effect whose store is slow', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  async function setup() {
    const store = new SlowStore();
    const ledger = new Ledger(store, { scope: 'slow', leaseMs: 30_000 });
    const effect = Promise.withResolvers<string>();
    const running = ledger.once('k', () => effect.promise);
    await vi.advanceTimersByTimeAsync(0);
    return { store, ledger, effect, running };
  }

  test('is not taken for taken over when a renewal is answered after the next was due', async () => {
    const { store, ledger, effect, running } = await setup();
    const answer = Promise.withResolvers<void>();
    store.answer = answer.promise;
    await vi.advanceTimersByTimeAsync(25_000);
    answer.resolve();
    await vi.advanceTimersByTimeAsync(0);
    effect.resolve('done');
    await expect(running).resolves.toBe('done');
    await expect(ledger.once('k', () => 'again')).resolves.toBe('done');
  });

  test('is not taken for taken over when the answer to a renewal was lost', async () => {
    const { store, effect, running } = await setup();
    store.loseNext = true;
    await vi.advanceTimersByTimeAsync(10_000);
    effect.resolve('done');
    await expect(running).resolves.toBe('done');
  });
});
