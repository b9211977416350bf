import { beforeEach, describe, expect, test, vi } from 'vitest';
import { Facts } from '../facts/index.ts';
import { MemoryStateStore } from '../state/index.ts';
import { DeadLetterAlarm, type DeadLetterAlert } from './dead-letter-alarm.ts';

describe('DeadLetterAlarm', () => {
  let count: number;
  let store: MemoryStateStore;
  let said: string[];
  let notified: DeadLetterAlert[];
  let facts: Facts;

  beforeEach(() => {
    [count, store, said, notified, facts] = [0, new MemoryStateStore(), [], [], new Facts()];
    facts.on('dead-letters.alert', ({ fields }) => said.push(`${fields.count} of ${fields.threshold}`));
  });
  const alarm = (notify?: (alert: DeadLetterAlert) => Promise<void>) =>
    new DeadLetterAlarm({
      letters: { count: async (_filter, limit = Infinity) => Math.min(count, limit) },
      store,
      facts,
      threshold: 100,
      notify: notify ?? (async alert => void notified.push(alert)),
    });

  test('says it once at a crossing, again when the number has doubled, and anew after it was well', async () => {
    const one = alarm();
    for (const next of [99, 100, 150, 199, 200, 250, 5, 120]) {
      count = next;
      await one.look();
      await one.look();
    }
    expect(said).toEqual(['100 of 100', '200 of 100', '120 of 100']);
    expect(notified.map(alert => alert.count)).toEqual([100, 200, 120]);
  });

  test('several hosts say it once', async () => {
    count = 130;
    await Promise.all([alarm().look(), alarm().look(), alarm().look()]);
    expect(said).toEqual(['130 of 100']);
  });

  test('a webhook that fails is stated, and changes nothing else', async () => {
    count = 100;
    const failed = vi.fn<() => void>();
    facts.on('alert.failed', failed);
    await alarm(() => Promise.reject(new Error('nobody there'))).look();
    expect(said).toHaveLength(1);
    expect(failed).toHaveBeenCalledTimes(1);
  });
});
