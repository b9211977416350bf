import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Facts } from '../../facts/index.ts';
import { countDeaths } from './count-deaths.ts';

describe('deaths of this process', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function setup() {
    const facts = new Facts();
    const counted: (readonly string[])[] = [];
    const waiting: (() => void)[] = [];
    const count = async (_queue: string, ids: readonly string[]): Promise<void> => {
      counted.push(ids);
      await new Promise<void>(resolve => waiting.push(resolve));
    };
    const deaths = countDeaths(facts, async () => ({ count }));
    const die = (jobId: string): void =>
      facts.emit('job.cancelled', {
        jobId,
        jobName: 'greet',
        queue: 'email',
        attempt: 1,
        worker: 'w',
        correlationId: 'c',
        reason: 'unwanted',
      });
    return { counted, die, deaths, answer: () => waiting.splice(0).forEach(resolve => resolve()) };
  }

  test('wake nobody while nothing dies', async () => {
    const { die, answer, deaths } = setup();
    expect(vi.getTimerCount()).toBe(0);
    die('a');
    await vi.advanceTimersByTimeAsync(100);
    answer();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    await deaths.close();
  });

  test('are counted together, and those that come meanwhile next', async () => {
    const { counted, die, answer, deaths } = setup();
    die('a');
    die('b');
    await vi.advanceTimersByTimeAsync(100);
    die('c');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(counted).toEqual([['a', 'b']]);
    answer();
    await vi.advanceTimersByTimeAsync(100);
    answer();
    await deaths.close();
    expect(counted).toEqual([['a', 'b'], ['c']]);
  });

  test('are counted before the end, also those that came while others were counted', async () => {
    const { counted, die, answer, deaths } = setup();
    die('a');
    await vi.advanceTimersByTimeAsync(100);
    die('b');
    const closed = deaths.close();
    answer();
    await vi.advanceTimersByTimeAsync(0);
    answer();
    await closed;
    expect(counted).toEqual([['a'], ['b']]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
