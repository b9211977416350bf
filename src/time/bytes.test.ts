import { expect, test } from 'vitest';
import { bytesText } from './bytes.ts';

test.each([
  [0, '0 bytes'],
  [1_023, '1023 bytes'],
  [1_024, '1 KB'],
  [1_572_864, '1.5 MB'],
  [512 * 1024 ** 2, '512 MB'],
  [3 * 1024 ** 3, '3 GB'],
])('%d reads as %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});
