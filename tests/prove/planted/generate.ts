import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { ROOT } from '../../architecture/source-texts.ts';
import type { PlantedBug } from './planted-bug.ts';

type Language = 'lua' | 'sql' | 'ts';

interface Shape {
  readonly pattern: RegExp;
  /** What takes the place of the first group of the pattern. */
  readonly puts: Readonly<Partial<Record<PlantedBug['kind'], string>>>;
}

const SHAPES: Readonly<Record<Language, readonly Shape[]>> = {
  lua: [
    { pattern: /^\s*(?:else)?if (.+?) then\b/gm, puts: { always: 'true', never: 'false' } },
    {
      pattern: /^\s*(call\('(?:[A-Z]*(?:SET|ADD|REM|DEL|PUSH|TRIM|INCRBY|EXPIRE))',.*\))$/gm,
      puts: { 'not written': 'local _' },
    },
  ],
  sql: [
    { pattern: /^\s*(?:ELS)?IF (.+?) THEN\b/gm, puts: { always: 'true', never: 'false' } },
    { pattern: /^\s*((?:DELETE FROM|UPDATE|PERFORM) [^;\n]*);$/gm, puts: { 'not written': 'NULL' } },
  ],
  ts: [
    { pattern: /^\s*(?:\} else )?if \((.+)\) (?:return|throw|\{|[a-z])/gm, puts: { always: 'true', never: 'false' } },
    // A call for its effect: a statement of its own.
    { pattern: /^\s*((?:await |this\.#?|void )[\w.#?]+\([^;\n]*\));$/gm, puts: { 'not written': 'void 0' } },
  ],
};

/** Every bug that can be planted in these files. */
export function plantedBugs(files: readonly string[]): readonly PlantedBug[] {
  return files.flatMap(file => bugsIn(file, readFileSync(join(ROOT, file), 'utf8'), languageOf(file)));
}

export function bugsIn(file: string, source: string, language: Language): readonly PlantedBug[] {
  const comment = { lua: '--', sql: '--', ts: '//' }[language];
  return SHAPES[language]
    .flatMap(({ pattern, puts }) =>
      [...source.matchAll(pattern)].flatMap(match => {
        const [whole, text = ''] = match;
        if (whole.trimStart().startsWith(comment) || !isBalanced(text)) return [];
        const from = match.index + whole.indexOf(text);
        const line = source.slice(0, from).split('\n').length;
        return Object.entries(puts).map(([kind, put]) => ({
          file,
          line,
          // The keys of `puts`.
          kind: kind as PlantedBug['kind'],
          text,
          from,
          to: from + text.length,
          put,
        }));
      }),
    )
    .toSorted((a, b) => a.from - b.from);
}

/** A condition that goes on in the next line, or that the pattern cut short, is left alone. */
function isBalanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function languageOf(file: string): Language {
  if (file.includes('/turns/scripts/')) return 'lua';
  if (file.includes('/turns/sql/')) return 'sql';
  if (extname(file) === '.ts') return 'ts';
  throw new Error(`Expected a file of scripts, SQL or TypeScript, got ${file}.`);
}
