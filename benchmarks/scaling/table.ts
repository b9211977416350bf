import { SCENARIOS } from './scenarios.ts';
import { simulate } from './simulate.ts';
import { STRATEGIES } from './strategies.ts';

/** The lines of the table in docs/guides/scaling.md. */
export function scalingTable(): readonly string[] {
  const names = Object.keys(STRATEGIES);
  const lines = [
    `| what happens | ${names.map(name => `${name}: time in queue, p95 (most) | process-hours`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(2 * names.length)}`,
  ];
  for (const scenario of SCENARIOS) {
    const cells = Object.values(STRATEGIES).flatMap(strategy => {
      const { p95, most, processHours } = simulate(scenario, strategy);
      return [`${duration(p95)} (${duration(most)})`, processHours.toFixed(1)];
    });
    lines.push(`| **${scenario.name}**: ${scenario.says} | ${cells.join(' | ')} |`);
  }
  return lines;
}

const BEGIN = '<!-- npm run bench:scaling -->';
const END = '<!-- end -->';

/** The page with the table of now. */
export function withTable(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = (rest ?? '').split(END);
  if (before === undefined || after === undefined) throw new Error(`Expected the page to have ${BEGIN} and ${END}.`);
  return `${before}${BEGIN}\n\n${scalingTable().join('\n')}\n\n${END}${after}`;
}

function duration(seconds: number): string {
  return seconds < 60 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${(seconds / 60).toFixed(1)} min`;
}
