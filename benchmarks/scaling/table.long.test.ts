import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scalingTable } from './table.ts';

const cells = (line: string): readonly string[] => line.split('|').map(cell => cell.trim());

test('the table of the guide is what the simulation gives: `npm run bench:scaling` writes it', () => {
  const guide = readFileSync(new URL('../../docs/guides/scaling.md', import.meta.url), 'utf8')
    .split('\n')
    .map(cells);
  const [head = '', , ...rows] = scalingTable();
  for (const line of [head, ...rows]) expect(guide).toContainEqual(cells(line));
});
