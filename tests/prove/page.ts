import { writeBlock } from './block.ts';
import { checksFor, checksOfOne } from './checks.ts';
import type { FoundSoFar } from './found.ts';
import { casesOf, type Guarantee } from './guarantees.ts';

const HEAD = ['number', 'fault cases', 'tests', 'seeds', 'histories', 'violations', 'last violation'];

/** What the runs found, a row for each guarantee. */
export function proofTable(guarantees: readonly Guarantee[], found: FoundSoFar): string {
  return aligned(guarantees.map(guarantee => cellsOf(guarantee, found)));
}

export function writeProof(guarantees: readonly Guarantee[], found: FoundSoFar): void {
  writeBlock('proof', proofTable(guarantees, found));
  writeBlock('proof', proofLine(guarantees, found), 'README.md');
}

/** What the runs found, in a sentence: a check that is of two guarantees counts once. */
export function proofLine(guarantees: readonly Guarantee[], found: FoundSoFar): string {
  const checks = checksFor(guarantees);
  const histories = checks.reduce((sum, { key }) => sum + found.of(key).histories, 0);
  const violations = found.violationsOf(checks.map(({ key }) => key));
  const open = violations.filter(({ mendedBy }) => mendedBy === undefined).length;
  return (
    `\`npm run prove\` has run ${histories} histories of ${guarantees.length} guarantees, with processes killed, answers cut and disks full: ` +
    `${violations.length === 0 ? 'none broke one' : `${violations.length} broke one, and ${open} of these are open`}. [The guarantees](docs/guarantees.md) say what checks each, what it does not cover, and what is lost when.`
  );
}

function cellsOf(guarantee: Guarantee, found: FoundSoFar): readonly string[] {
  const checks = checksOfOne(guarantee);
  const tallies = checks.map(({ key }) => found.of(key));
  const sum = (of: (tally: (typeof tallies)[number]) => number): string =>
    String(tallies.reduce((total, tally) => total + of(tally), 0));
  const numbers = [...new Set(casesOf(guarantee).map(({ number }) => number))];
  const last = found.violationsOf(checks.map(({ key }) => key)).at(-1);
  return [
    guarantee.number,
    numbers.join(', '),
    String(checks.filter(({ kind }) => kind === 'tests').length),
    sum(({ seeds }) => seeds),
    sum(({ histories }) => histories),
    sum(({ violations }) => violations),
    last === undefined ? '' : `${last.what.replaceAll('|', '/')}${mending(last.mendedBy)}`,
  ];
}

function mending(commit: string | undefined): string {
  return commit === undefined ? ' (open)' : ` (mended by ${commit})`;
}

/** As prettier aligns it. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map(cells => (cells[column] ?? '').length)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(HEAD), line([], '-'), ...rows.map(cells => line(cells))].join('\n');
}
