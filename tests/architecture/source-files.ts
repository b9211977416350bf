import { globSync, readFileSync } from 'node:fs';
import { builtinModules, stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

export interface Import {
  /** A path from the root for the project's own files, else the package's name; Node's own are left out. */
  readonly target: string;
  readonly own: boolean;
  /** `import type`: gone at run time, an arrow on the plan all the same. */
  readonly typeOnly: boolean;
}

const FOLDERS = '{src,jobs,producers,workers,dashboard,local,examples,tests,benchmarks}';
/** Static, re-exporting and dynamic imports with a literal address. */
const IMPORT =
  /(?:^|[\n;}])\s*(?:import|export)\s+(type\s)?(?:[\w*{}\s,$]+?\sfrom\s+)?['"]([^'"\n]+)['"]|\bimport\(\s*['"]([^'"\n]+)['"]\s*\)/g;

/** Every TypeScript file of the project with what it imports. */
export function readSourceFiles(): readonly SourceFile[] {
  return globSync([`${FOLDERS}/**/*.ts`, 'shiftwork.config.ts'], { cwd: ROOT })
    .map(path => path.split(sep).join('/'))
    .map(path => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      // Refuses what Node itself would refuse, such as an enum.
      stripTypeScriptTypes(text, { mode: 'strip' });
      const isTest = /\.(test|contract-suite)\.ts$/.test(path) || path.startsWith('tests/');
      return { path, text, isTest, imports: importsOf(path, text) };
    });
}

export function importsOf(path: string, text: string): readonly Import[] {
  const imports: Import[] = [];
  for (const match of withoutComments(text).matchAll(IMPORT)) {
    const address = match[2] ?? match[3] ?? '';
    const typeOnly = match[1] !== undefined;
    if (address.startsWith('.')) {
      const target = relative(ROOT, join(ROOT, dirname(path), address))
        .split(sep)
        .join('/');
      imports.push({ target, own: true, typeOnly });
    } else if (!address.startsWith('node:') && !builtinModules.includes(address)) {
      const [scope = '', name = ''] = address.split('/');
      imports.push({ target: scope.startsWith('@') ? `${scope}/${name}` : scope, own: false, typeOnly });
    }
  }
  return imports;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

/** The room that a file belongs to: `src/queue`, `workers`, `tests`. */
export function roomOf(path: string): string {
  const [first = '', second = ''] = path.split('/');
  if (first !== 'src') return path.includes('/') ? first : 'app';
  return second.endsWith('.ts') ? 'src' : `src/${second}`;
}
