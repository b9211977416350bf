import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDERS = '{src,jobs,producers,workers,dashboard,local,examples,tests,benchmarks}';

export interface SourceText {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
}

/** Every TypeScript file of the project, as it is written. */
export function readSourceTexts(): readonly SourceText[] {
  return sourcePaths().map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8'), isTest: isTest(path) }));
}

export function sourcePaths(root = ROOT): readonly string[] {
  return globSync([`${FOLDERS}/**/*.ts`, 'shiftwork.config.ts'], { cwd: root }).map(withSlashes);
}

export function isTest(path: string): boolean {
  return /\.(test|contract-suite)\.ts$/.test(path) || path.startsWith('tests/');
}

export function withSlashes(path: string): string {
  return path.split(sep).join('/');
}
