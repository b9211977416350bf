import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/source-texts.ts';

type Page = 'docs/guarantees.md' | 'README.md';

/** Puts a text into a page, between the two marks of that name. */
export function writeBlock(name: string, text: string, of: Page = 'docs/guarantees.md'): void {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const path = join(ROOT, of);
  const page = readFileSync(path, 'utf8');
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`Expected ${begin} and ${end} in ${of}.`);
  }
  writeFileSync(path, `${before}${begin}\n\n${text}\n\n${end}${after}`);
}
