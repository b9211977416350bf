import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { endLeftProcesses, startProcess } from './child-process.ts';
import { isAlive } from './process-tree.ts';
import { waitFor } from './wait-for.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'shiftwork-left-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that starts another, prints its process id, and stays. */
function parent(): string {
  const file = join(folder, 'parent.mjs');
  writeFileSync(
    file,
    `import { spawn } from 'node:child_process';
     console.log('child ' + spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1000)']).pid);`,
  );
  return file;
}

const numberIn = (line: string): number => Number(/\d+/.exec(line)?.[0]);

test('what a test has started and not ended is ended at the end of its file, with what that has started', async () => {
  const left = startProcess(parent());
  const child = numberIn(await left.line(/^child/));
  endLeftProcesses();
  expect(await left.ended).toBe('SIGKILL');
  await waitFor('the child to be gone', () => !isAlive(child));
});

test('it is ended with the process that has started it, too', async () => {
  const file = join(folder, 'starts.mts');
  writeFileSync(
    file,
    `import { startProcess } from ${JSON.stringify(import.meta.resolve('./child-process.ts'))};
     const left = startProcess(${JSON.stringify(parent())});
     console.log(await left.line(/^child/), left.pid);
     process.exit(1);`,
  );
  const starter = startProcess(file);
  const [child, left] = (await starter.line(/^child/)).match(/\d+/g)?.map(Number) ?? [];
  expect(await starter.ended).toBe(1);
  for (const pid of [child, left]) await waitFor('it to be gone', () => !isAlive(pid ?? -1));
});
