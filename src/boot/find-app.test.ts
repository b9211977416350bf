import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findApp } from './find-app.ts';

const BUILT = true;

describe('where the app is defined', () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  /** Files, each a minute newer than the one before. */
  function directory(...files: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'shiftwork-find-'));
    folders.push(folder);
    for (const [age, name] of files.entries()) {
      const file = join(folder, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, '');
      utimesSync(file, 1_700_000_000 + 60 * age, 1_700_000_000 + 60 * age);
    }
    return folder;
  }

  test('from source the first that the help names is taken, whatever is beside it', () => {
    const folder = directory('dist/shiftwork.config.js', 'shiftwork.config.mjs', 'shiftwork.config.ts');
    expect(findApp(undefined, folder, !BUILT)).toMatchObject({
      file: join(folder, 'shiftwork.config.ts'),
      choice: undefined,
    });
  });

  test('built code takes what is built, and says so where it is older than the source', () => {
    const folder = directory('dist/shiftwork.config.js', 'shiftwork.config.ts');
    expect(findApp(undefined, folder, BUILT)).toMatchObject({
      file: join(folder, 'dist/shiftwork.config.js'),
      choice:
        'dist/shiftwork.config.js was loaded, and shiftwork.config.ts is newer: build again, or name the one that you mean with --app.',
    });
  });

  test('and where it is not', () => {
    const folder = directory('shiftwork.config.ts', 'shiftwork.config.js');
    expect(findApp(undefined, folder, BUILT).choice).toBe(
      'shiftwork.config.js was loaded, not shiftwork.config.ts: name that with --app if you mean it.',
    );
  });

  test('one alone is no choice, and neither is one that was named', () => {
    const folder = directory('dist/shiftwork.config.js', 'shiftwork.config.ts');
    expect(findApp('shiftwork.config.ts', folder, BUILT)).toMatchObject({
      file: join(folder, 'shiftwork.config.ts'),
      choice: undefined,
    });
    expect(findApp(undefined, directory('dist/shiftwork.config.js'), BUILT).choice).toBeUndefined();
    expect(findApp(undefined, directory(), BUILT)).toMatchObject({ file: undefined, choice: undefined });
  });
});
