import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/source-texts.ts';

/** What a reader does with a block: writes a file, or runs commands. */
export type Block =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'commands'; readonly lines: readonly string[] };

/** The blocks of a guide, or of one of its parts, in their order. Files name themselves in their first line. */
export function blocksOf(guide: string, part?: string): readonly Block[] {
  return [...textOf(guide, part).matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, text = '']) => {
    if (language === 'sh') return { kind: 'commands', lines: text.trim().split('\n') };
    const path = /^\/\/ (\S+)\n/.exec(text)?.[1];
    if (path === undefined) throw new Error(`Expected each block of ${guide} to name its file, found ${text}`);
    return { kind: 'file', path, text };
  });
}

/** The files that the words of a part say it takes from another guide, and the folder that it puts them into. */
export function borrowedFiles(part: string, lender: readonly Block[]): readonly Block[] {
  const text = textOf('frameworks.md', part).replace(/```[\s\S]*?```/g, '');
  const [sentence = ''] = /With `.*?first job.*?\./s.exec(text.replaceAll('.ts`', '`')) ?? [];
  const folder = /in `(\w+\/)`/.exec(sentence)?.[1] ?? '';
  return lender
    .filter(block => block.kind === 'file')
    .filter(({ path }) => sentence.includes(`\`${path.replace(/\.ts$/, '')}\``))
    .map(block => ({ ...block, path: `${folder}${block.path}` }));
}

function textOf(guide: string, part: string | undefined): string {
  const text = readFileSync(join(ROOT, 'docs/guides', guide), 'utf8');
  if (part === undefined) return text;
  const found = text.split(/^## /m).find(each => each.startsWith(`${part}\n`));
  if (found === undefined) throw new Error(`Expected a part "${part}" in ${guide}, found none.`);
  return found;
}
