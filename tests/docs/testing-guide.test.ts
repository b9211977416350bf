import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { ROOT } from '../architecture/source-texts.ts';
import { programEnvironment } from '../support/child-process.ts';

/** Of the package's doors, as the guide names them, to their sources. */
const DOORS: Readonly<Record<string, string>> = {
  'shiftwork/testing': 'src/testing/index.ts',
  shiftwork: 'src/index.ts',
};

test('the five tests of the guide pass on Node alone', async () => {
  const guide = await readFile(join(ROOT, 'docs/guides/testing.md'), 'utf8');
  // Below the root, so that what it imports beside us is found.
  await mkdir(join(ROOT, '.shiftwork'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.shiftwork/testing-guide-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [, name = '', block = ''] of guide.matchAll(/```ts\n\/\/ (shop[\w.]*\.ts)\n([\s\S]*?)```/g)) {
    const text = block.replace(
      / from '(shiftwork[\w/]*)'/g,
      (_, door: string) => ` from '${join(ROOT, DOORS[door] ?? door)}'`,
    );
    await writeFile(join(folder, name), text);
  }
  const args = ['--test-reporter=tap', join(folder, 'shop.test.ts')];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: programEnvironment() });
  expect(stdout).toMatch(/^# pass 5$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
