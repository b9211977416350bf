import { expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';

const head = '# HELP a_total Counts.\n# TYPE a_total counter\n';
const histogram = '# HELP h Times.\n# TYPE h histogram\n';

test.each([
  ['no last line feed', '# HELP a b'],
  ['no TYPE', '# HELP a_total b\na_total 1\n'],
  ['no HELP', '# TYPE a_total counter\na_total 1\n'],
  ['a second TYPE', `${head}# TYPE a_total counter\n`],
  ['a series twice', `${head}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`],
  ['metrics that are mixed', `${head}a_total 1\n# HELP b b\n# TYPE b gauge\nb 1\na_total{x="1"} 1\n`],
  ['a name that is none', '# HELP a-b b\n'],
  ['a label that is none', `${head}a_total{1x="1"} 1\n`],
  ['a quote in a label', `${head}a_total{x="a"b"} 1\n`],
  ['a number that is none', `${head}a_total null\n`],
  ['a counter below zero', `${head}a_total -1\n`],
  ['a histogram without +Inf', `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
  ['buckets that are not cumulative', `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`],
  ['a count that differs', `${histogram}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
])('the reader of the tests refuses %s', (_what, text) => {
  expect(() => parseExposition(text)).toThrow();
});

test('and takes what is right', () => {
  const { value } = parseExposition(
    `${head}a_total{x="a\\"b\\n"} 1e+3\n\n${histogram}h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_sum 1.5\nh_count 2\n`,
  );
  expect(value('a_total', { x: 'a"b\n' })).toBe(1_000);
  expect(value('h_count')).toBe(2);
});
