import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { KEY_TABLE, keyTable } from './key-table.contract-suite.ts';

keyTable(inMemory);

test('the guide shows the table that is tried', () => {
  const guide = readFileSync(new URL('../../../docs/guides/keys.md', import.meta.url), 'utf8');
  const [, table = ''] = /\n\| there is under the key[^\n]*\n[^\n]*\n((?:\|[^\n]*\n)+)/.exec(guide) ?? [];
  const rows = table.trim().split('\n');
  const shown = rows.map(row =>
    row
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
  expect(shown).toEqual(Object.entries(KEY_TABLE).map(([there, words]) => [there, ...words]));
});
