import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

test('what the bars show stands in their text: how many, and when most', () => {
  const counts = Array.from({ length: 24 }, (_, hour) => (hour === 20 ? 1_200 : hour === 23 ? 3 : 0));
  const { markup } = sparkline(counts);
  expect(markup).toContain('aria-label="1,203 in the last 24 hours, most of them 3 hours ago (1,200)"');
  // The smallest is seen beside the largest.
  expect([...markup.matchAll(/v-([\d.]+)/g)].map(([, height]) => Number(height))).toEqual([24, 2]);
});

test.each([[undefined], [[0, 0, 0]]])('a cause that has not struck in the last day has no bars (%j)', counts => {
  expect(sparkline(counts).markup).toContain('none in the last day');
});
