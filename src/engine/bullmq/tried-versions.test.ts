import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bullmqWarnings, TRIED } from './tried-versions.ts';

const ROOM = import.meta.dirname;
const ROWS = [...readFileSync(join(ROOM, 'README.md'), 'utf8').matchAll(/^\| `(\S+)` +\|(.*)\|$/gm)];

test('the installed BullMQ was tried', () => {
  expect(bullmqWarnings()).toEqual([]);
});

test('another one is named, with those that were tried and what to do', () => {
  const [warning = ''] = bullmqWarnings('7.0.0');
  for (const part of ['found 7.0.0', ...TRIED, 'test:newest-bullmq']) expect(warning).toContain(part);
});

test('each file that leans on BullMQ says on what, and names a test that is there', () => {
  const files = readdirSync(ROOM, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .toSorted();
  expect(ROWS.map(([, file]) => file).toSorted()).toEqual(files);
  const noticedBy = ROWS.map(([, , rest = '']) => /\]\(([^)]*)\) *$/.exec(rest)?.[1] ?? '');
  expect(noticedBy.filter(path => path === '' || !existsSync(join(ROOM, path)))).toEqual([]);
});
