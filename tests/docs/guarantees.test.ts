import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../architecture/source-texts.ts';
import { allCases } from '../faults/all-cases.ts';
import { checksOfOne } from '../prove/checks.ts';
import { FoundSoFar } from '../prove/found.ts';
import { proofLine } from '../prove/page.ts';
import { checksOf, readGuarantees } from '../prove/guarantees.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const page = read('docs/guarantees.md');
// The table that the runs write has a row for each guarantee too.
const rows = page
  .replace(/<!-- proof:begin -->[\s\S]*<!-- proof:end -->/, '')
  .split('\n')
  .filter(line => /^\| [GL]\d/.test(line));

describe('docs/guarantees.md', () => {
  test('numbers what it promises, and what is lost, without a gap', () => {
    for (const letter of ['G', 'L']) {
      const numbers = rows.flatMap(row => new RegExp(`^\\| (${letter}\\d+) `).exec(row)?.[1] ?? []);
      expect(numbers.length).toBeGreaterThan(10);
      expect(numbers).toEqual(numbers.map((_number, index) => `${letter}${index + 1}`));
    }
  });

  test('names a check for each, in a file that there is', () => {
    const unchecked = rows.filter(row => checksOf(row).length === 0);
    const gone = rows.flatMap(row => checksOf(row).flatMap(({ path }) => (existsSync(join(ROOT, path)) ? [] : [path])));
    expect({ unchecked, gone }).toEqual({ unchecked: [], gone: [] });
  });

  test('names tests and fault cases that there are', () => {
    // As its file spells it, also where a quote in it has to be escaped.
    const isThere = (path: string, name: string): boolean =>
      [name, name.replaceAll("'", "\\'")].some(each => read(path).includes(each));
    const missing = rows.flatMap(row =>
      checksOf(row).flatMap(({ path, names }) => names.filter(name => !isThere(path, name)).map(name => [path, name])),
    );
    expect(missing).toEqual([]);
  });

  test('numbers the fault cases that it names as they are numbered', () => {
    const numbers = new Set(allCases.map(({ number }) => number));
    const named = [...page.matchAll(/\[cases? ([\d, to]+)\]/g)].flatMap(([, list = '']) => list.match(/\d+/g) ?? []);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(number => !numbers.has(Number(number)))).toEqual([]);
  });

  test('has a row of what the runs found for each guarantee, as its checks are now', () => {
    const guarantees = readGuarantees();
    const written = page.slice(page.indexOf('<!-- proof:begin -->'), page.indexOf('<!-- proof:end -->'));
    expect(guarantees.length).toBeGreaterThan(40);
    expect(written.match(/^\| G\d+/gm)).toEqual(guarantees.map(({ number }) => `| ${number}`));
    expect(guarantees.filter(guarantee => checksOfOne(guarantee).length === 0)).toEqual([]);
    // The README has the sum of it.
    expect(read('README.md')).toContain(proofLine(guarantees, new FoundSoFar()));
  });

  test('has a table for every promise of the README', () => {
    const readme = read('README.md');
    const promised = readme.slice(readme.indexOf('## What is promised'), readme.indexOf('## Where things are'));
    const headings = [...promised.matchAll(/^- \*\*([^*]+?)\.?\*\*/gm)].map(([, heading]) => heading);
    expect(headings.length).toBeGreaterThan(5);
    for (const heading of headings)
      expect(page).toMatch(new RegExp(`^## ${heading?.replace(/ on the same host$/, '')}`, 'm'));
    expect(readme).toContain('](docs/guarantees.md)');
  });
});
