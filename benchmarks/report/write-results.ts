import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Results } from '../results.ts';
import { chart } from './chart.ts';
import { page } from './page.ts';
import { summary } from './summary.ts';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const README = file('../README.md');
const BEGIN = '<!-- written by npm run bench -->';
const END = '<!-- until here -->';
const STYLE = { ...(await resolveConfig(README)), parser: 'markdown' } as const;

/** Makes the page, the picture and the line of the README from results.json. */
export async function writeResults(): Promise<void> {
  const results = JSON.parse(readFileSync(file('results.json'), 'utf8')) as Results;
  writeFileSync(file('results.md'), await format(page(results), STYLE));
  writeFileSync(file('results.svg'), chart(results));
  const text = readFileSync(README, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`Expected ${BEGIN} and ${END} in the README.`);
  writeFileSync(README, await format(`${before}${BEGIN}\n\n${summary(results)}\n\n${END}${after}`, STYLE));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeResults();
