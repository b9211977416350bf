import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/** As the help names them. */
const SOURCE_FIRST = ['shiftwork.config.ts', 'shiftwork.config.js', 'shiftwork.config.mjs', 'dist/shiftwork.config.js'];
/** Built code may run on a Node that strips no types, or beside sources that need more than that. */
const BUILT_FIRST = ['shiftwork.config.js', 'shiftwork.config.mjs', 'dist/shiftwork.config.js', 'shiftwork.config.ts'];

export interface FoundApp {
  /** Undefined where there is none. */
  readonly file: string | undefined;
  /** Where it was looked for. */
  readonly candidates: readonly string[];
  /** What a person must know where several were there and another than the first that the help names was taken. */
  readonly choice: string | undefined;
}

/** Finds the app's definition: `path`, or `shiftwork.config.ts` or its built form in `directory`. */
export function findApp(
  path: string | undefined,
  directory: string = process.cwd(),
  built = !import.meta.url.endsWith('.ts'),
): FoundApp {
  const candidates = path === undefined ? (built ? BUILT_FIRST : SOURCE_FIRST) : [path];
  const there = (names: readonly string[]): string | undefined =>
    names.map(name => resolve(directory, name)).find(name => existsSync(name));
  const file = there(candidates);
  const first = path === undefined ? there(SOURCE_FIRST) : file;
  return { file, candidates, choice: file && first && file !== first ? said(directory, file, first) : undefined };
}

function said(directory: string, taken: string, other: string): string {
  const [name, otherName] = [relative(directory, taken), relative(directory, other)];
  const isOlder = statSync(taken).mtimeMs < statSync(other).mtimeMs;
  return isOlder
    ? `${name} was loaded, and ${otherName} is newer: build again, or name the one that you mean with --app.`
    : `${name} was loaded, not ${otherName}: name that with --app if you mean it.`;
}
