import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compileCacheFolder, compileCacheVariables } from './compile-cache.ts';

let fixture: string;
const own = () => join(fixture, `shiftwork-compile-cache-${process.getuid?.()}`);

beforeEach(() => {
  fixture = mkdtempSync(join(tmpdir(), 'cache-'));
});
afterEach(() => rmSync(fixture, { recursive: true, force: true }));

test('the folder is made for this user alone, and taken again', () => {
  expect(compileCacheFolder(fixture)).toBe(own());
  expect(statSync(own()).mode & 0o777).toBe(0o700);
  expect(compileCacheFolder(fixture)).toBe(own());
});

test('a folder that others may write into, a link, and a place where none can be made are not used', () => {
  mkdirSync(own());
  chmodSync(own(), 0o777);
  expect(compileCacheFolder(fixture)).toBeUndefined();
  rmSync(own(), { recursive: true });
  const elsewhere = join(fixture, 'elsewhere');
  mkdirSync(elsewhere, { mode: 0o700 });
  symlinkSync(elsewhere, own());
  expect(compileCacheFolder(fixture)).toBeUndefined();
  expect(compileCacheFolder('/proc/none')).toBeUndefined();
});

test('what the user has said about the cache stays', () => {
  expect(compileCacheVariables({ NODE_COMPILE_CACHE: '/mine' })).toEqual({});
  expect(compileCacheVariables({ NODE_DISABLE_COMPILE_CACHE: '1' })).toEqual({});
});
