import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { nameOf, type Finding, type Row } from './journal.ts';
import type { Measured } from './trial.ts';

const OPERATIONS = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));
const [BEGIN, END] = ['<!-- faults:begin -->', '<!-- faults:end -->'];
const HEAD = [
  'case',
  'what is provoked',
  'engine',
  'seeds',
  'held',
  'jobs',
  'lost',
  'ran twice',
  'attempts burned',
  'running again, median',
  'worst',
  'goal',
];

export interface Findings {
  readonly row: Row;
  readonly findings: readonly Finding[];
}

/** Milliseconds; undefined where a case measures none. */
export function medianOf(findings: readonly Finding[]): number | undefined {
  const recoveries = recoveriesOf(findings);
  return recoveries[Math.floor(recoveries.length / 2)];
}

export function tableOf(all: readonly Findings[]): string {
  return aligned(all.map(cellsOf));
}

/** Puts the rows into docs/operations.md, in the place of those that stand there; others stay. `order` is that of all rows. */
export async function keep(all: readonly Findings[], order: readonly Row[]): Promise<void> {
  const page = await readFile(OPERATIONS, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const [old, after] = rest?.split(END) ?? [];
  if (before === undefined || old === undefined || after === undefined) {
    throw new Error(`Expected ${BEGIN} and ${END} in docs/operations.md.`);
  }
  const rows = new Map(rowsIn(old).map(cells => [cells.slice(0, 3).join(' | '), cells]));
  for (const each of all) rows.set(nameOf(each.row), cellsOf(each));
  const table = aligned(order.flatMap(row => [rows.get(nameOf(row)) ?? []]).filter(cells => cells.length > 0));
  await writeFile(OPERATIONS, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}

/** The cells of each row of a table that was written before. */
function rowsIn(table: string): readonly string[][] {
  const lines = table.split('\n').filter(line => /^\| \d/.test(line));
  return lines.map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  );
}

function cellsOf({ row, findings }: Findings): string[] {
  const { number, title, goalMs } = row.fault;
  const sum = (of: (measured: Measured) => number): number =>
    findings.reduce((total, { measured }) => total + of(measured), 0);
  return [
    number,
    title,
    row.kind,
    findings.length,
    findings.filter(({ wrong }) => wrong.length === 0).length,
    sum(({ jobs }) => jobs),
    sum(({ lost }) => lost),
    sum(({ twice }) => twice),
    sum(({ burned }) => burned),
    seconds(medianOf(findings)),
    seconds(recoveriesOf(findings).at(-1)),
    goalMs === undefined ? '' : `${goalMs / 1_000} s`,
  ].map(String);
}

/** As prettier aligns it. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map(cells => (cells[column] ?? '').length)));
  const line = (cells: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(HEAD), line([], '-'), ...rows.map(cells => line(cells))].join('\n');
}

function recoveriesOf(findings: readonly Finding[]): readonly number[] {
  return findings.flatMap(({ measured }) => measured.recoveries).toSorted((a, b) => a - b);
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '' : `${(ms / 1_000).toFixed(2)} s`;
}
