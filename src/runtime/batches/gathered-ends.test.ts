import { describe, expect, test } from 'vitest';
import { MEMBERS_AT_ONCE } from '../../engine/index.ts';
import { GatheredEnds, type Ended } from './gathered-ends.ts';

const end = (batchId: string, nth = 0): Ended => ({
  queue: 'email',
  end: { batchId, jobId: `email/${nth}`, state: 'succeeded', at: 0 },
});

/** Takes whenever something is due, as members end at those times; answers when it did, and how many each time. */
function takenOf(
  ends: readonly (readonly [at: number, batchId: string])[],
  until: number,
): (readonly [number, number])[] {
  const gathered = new GatheredEnds();
  const taken: (readonly [number, number])[] = [];
  for (let now = 0; now <= until; now += 1) {
    for (const [at, batchId] of ends) if (at === now) gathered.add(end(batchId), now);
    const due = gathered.take(now);
    if (due.length > 0) taken.push([now, due.length]);
  }
  return taken;
}

describe('ends on their way to their batches', () => {
  test('the first goes at once, what follows ever less often, and never more than a quarter of a second later', () => {
    const taken = takenOf(
      Array.from({ length: 1_000 }, (_, at) => [at, 'batch:1'] as const),
      1_300,
    );
    expect(taken.map(([at]) => at)).toEqual([0, 25, 75, 175, 375, 625, 875, 1_125]);
    expect(taken.reduce((sum, [, count]) => sum + count, 0)).toBe(1_000);
  });

  test('a batch in which nothing has ended for a while begins anew', () => {
    const taken = takenOf(
      [
        [0, 'batch:1'],
        [10, 'batch:1'],
        [500, 'batch:1'],
        [510, 'batch:1'],
      ],
      1_000,
    );
    expect(taken.map(([at]) => at)).toEqual([0, 25, 500, 525]);
  });

  test('a batch beside one whose members go on ending waits for none of it', () => {
    const long = Array.from({ length: 600 }, (_, at) => [at, 'batch:long'] as const);
    const taken = takenOf([...long, [400, 'batch:short']], 399 + 25);
    expect(taken.at(-1)).toEqual([400, 1]);
  });

  test('whoever has nothing else to do gets them at once, but not more often than ends of one moment', () => {
    const gathered = new GatheredEnds();
    gathered.add(end('batch:1'), 0);
    gathered.take(0);
    for (const now of [25, 75, 175]) {
      gathered.add(end('batch:1'), now);
      gathered.take(now);
    }
    gathered.add(end('batch:1'), 180);
    expect(gathered.nextAt).toBe(375);
    expect(gathered.hurry(180)).toBe(true);
    expect(gathered.nextAt).toBe(200);
    expect(gathered.take(200)).toHaveLength(1);
    expect(gathered.hurry(210)).toBe(false);
  });

  test('as many as travel in one call do not wait', () => {
    const gathered = new GatheredEnds();
    for (const now of [0, 25, 75]) {
      gathered.add(end('batch:1'), now);
      gathered.take(now);
    }
    for (let nth = 0; nth < MEMBERS_AT_ONCE - 1; nth += 1) gathered.add(end('batch:1', nth), 80);
    expect(gathered.nextAt).toBe(175);
    expect(gathered.add(end('batch:1'), 120)).toBe(120);
  });

  test('all of them can be had, and nothing is left', () => {
    const gathered = new GatheredEnds();
    gathered.add(end('batch:1'), 0);
    gathered.take(0);
    gathered.add(end('batch:1'), 1);
    gathered.add(end('batch:2'), 1);
    expect(gathered.takeAll()).toHaveLength(2);
    expect(gathered.nextAt).toBeUndefined();
  });
});
