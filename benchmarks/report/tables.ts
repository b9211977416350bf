import type { Figure, Row, Spread } from '../compare.ts';

/** A table in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function number(value: number | undefined, digits = 1): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(digits);
}

/** A median with its quartiles. */
export function ratioText(ratio: Spread | undefined): string {
  if (ratio === undefined) return '';
  return `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`;
}

const RATIOS: readonly Figure[] = ['perSecond', 'nodeUs', 'serverUs'];

/** Whether a row is the one to which the others are compared. */
const isBase = ({ subject }: Row): boolean => subject === 'BullMQ';

export function costs(rows: readonly Row[], server: string): string {
  return table(
    [
      'what',
      'subject',
      'jobs/s',
      'Node, us/job',
      `${server}, us/job`,
      'commands/job',
      'bytes/job',
      'jobs/s to BullMQ',
      'Node to BullMQ',
      `${server} to BullMQ`,
    ],
    rows.map(row => [
      row.question,
      row.subject,
      number(row.figures.perSecond, 0),
      number(row.figures.nodeUs),
      number(row.figures.serverUs),
      number(row.figures.commands),
      number(row.figures.bytes, 0),
      ...RATIOS.map(figure => (isBase(row) ? '' : ratioText(row.ratios[figure]))),
    ]),
  );
}
