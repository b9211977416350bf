import { describe, expect, test } from 'vitest';
import { createIdSource } from './sortable-id.ts';

describe('createIdSource', () => {
  test('ids of one source sort in the order they were made, also within one millisecond', () => {
    const source = createIdSource();
    const ids = Array.from({ length: 5_000 }, () => source.next());
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a clock that steps back does not break the order', () => {
    const source = createIdSource();
    const before = source.next(2_000_000_000_000);
    const after = source.next(1_999_999_000_000);
    expect(after > before).toBe(true);
  });

  test('the counter passing its end moves on instead of repeating', () => {
    const source = createIdSource();
    let last = source.next(2_000_000_000_000);
    let outOfOrder = 0;
    for (let made = 0; made < 36 ** 4 + 10; made += 1) {
      const id = source.next(2_000_000_000_000);
      if (id <= last) outOfOrder += 1;
      last = id;
    }
    expect(outOfOrder).toBe(0);
    expect(last).toHaveLength(20);
  });

  test('two sources never share an id', () => {
    const now = 2_000_000_000_000;
    expect(createIdSource().next(now)).not.toBe(createIdSource().next(now));
  });
});
