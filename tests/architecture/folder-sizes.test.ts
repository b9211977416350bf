import { dirname } from 'node:path/posix';
import { expect, test } from 'vitest';
import { readSourceTexts } from './source-texts.ts';

/** A folder is a cast list: about 15 files, never more than these; tests stand beside the code and count apart. */
const MOST = 20;

test.each([
  ['files of code', false],
  ['tests', true],
])('no folder of the product has more than 20 %s', (_what, wanted) => {
  const sizes = new Map<string, number>();
  for (const { path, isTest } of readSourceTexts()) {
    if (!/^(src|dashboard|workers|jobs|producers)\//.test(path) || isTest !== wanted) continue;
    sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  }
  expect(sizes.size).toBeGreaterThan(20);
  expect([...sizes].filter(([, files]) => files > MOST)).toEqual([]);
});
