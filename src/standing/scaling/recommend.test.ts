import { describe, expect, test } from 'vitest';
import { recommend, type QueueCapacity, type QueueLoad } from './recommend.ts';

/** Ten a second for three minutes, half a second each: five slots are busy. */
const steady: QueueLoad = {
  windowMs: 180_000,
  attempts: 1_800,
  failed: 0,
  ranMs: 900_000,
  startableBefore: 0,
  startable: 0,
  held: 0,
  paused: false,
};
const one: QueueCapacity = {
  concurrency: 10,
  processes: 1,
  totalConcurrency: undefined,
  mostPerSecond: undefined,
  startWithinMs: 60_000,
};
const needed = (load: Partial<QueueLoad>, capacity: Partial<QueueCapacity> = {}): number =>
  recommend({ ...steady, ...load }, { ...one, ...capacity }).processes.needed;

test('work that one process keeps up with needs one, and says how busy it is', () => {
  expect(recommend(steady, one)).toMatchObject({
    arrivalPerSecond: 10,
    serviceSeconds: 0.5,
    utilisation: 0.5,
    drainSeconds: 0,
    processes: { now: 1, needed: 1, forArrivals: 1, forBacklog: 0 },
    boundBy: 'none',
  });
});

test('a backlog needs as many more as start it within the promise', () => {
  // 24,000 jobs of half a second within a minute: 200 slots.
  expect(needed({ startable: 24_000, startableBefore: 24_000 })).toBe(21);
  expect(needed({ startable: 24_000, startableBefore: 24_000 }, { startWithinMs: 600_000 })).toBe(3);
});

test('what has come since the window began counts as arrivals', () => {
  expect(recommend({ ...steady, startable: 1_800 }, one).arrivalPerSecond).toBe(20);
});

test('a promise of a tenth of a second needs slots to spare, where a minute needs none', () => {
  const busy = { ranMs: 9_000_000 };
  expect(needed(busy, { startWithinMs: 100 })).toBeGreaterThan(needed(busy));
});

describe('more processes are not asked for', () => {
  test('for what limits and pauses have set aside', () => {
    const { processes, because } = recommend({ ...steady, held: 48_000 }, one);
    expect(processes.needed).toBe(1);
    expect(because).toContain('48000 are held by limits and pauses, which more processes do not help');
  });
  test.each<[string, Partial<QueueLoad>, Partial<QueueCapacity>]>([
    ['paused', { paused: true, startable: 24_000 }, {}],
    ['failing', { failed: 1_700, startable: 24_000 }, {}],
    ['no runs yet', { attempts: 0, ranMs: 0, startable: 24_000 }, {}],
    ['total concurrency', { startable: 24_000 }, { totalConcurrency: 10 }],
    ['rate', { startable: 24_000 }, { mostPerSecond: 20 }],
  ])('beyond what it is bound by: %s', (boundBy, load, capacity) => {
    expect(recommend({ ...steady, ...load }, { ...one, ...capacity })).toMatchObject({
      processes: { needed: 1 },
      boundBy,
    });
  });
});

test('what waits is never started in time by processes that do not keep up', () => {
  expect(recommend({ ...steady, ranMs: 9_000_000, startable: 10 }, one).drainSeconds).toBeUndefined();
  expect(recommend({ ...steady, startable: 100, startableBefore: 100 }, one).drainSeconds).toBeCloseTo(10);
});
