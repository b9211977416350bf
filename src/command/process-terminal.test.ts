import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const PRINTS = `import { processTerminal } from '${new URL('process-terminal.ts', import.meta.url).href}';
const terminal = processTerminal();
for (;;) {
  terminal.print('a line'.repeat(1_000));
  await new Promise(resolve => setImmediate(resolve));
}`;

/** What becomes of a command that prints for ever. `null`: into a pipe that nobody reads. */
async function printing(output: number | null): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PRINTS], {
    stdio: ['ignore', output ?? 'pipe', 'pipe'],
  });
  child.stdout?.destroy();
  if (child.stderr === null) throw new Error('Expected a pipe.');
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, said };
}

test('a reader that has had enough ends a command, which is no failure', async () => {
  expect(await printing(null)).toEqual({ code: 0, said: '' });
});

test.skipIf(process.platform !== 'linux')('a command whose output cannot be written says why, and fails', async () => {
  const full = await open('/dev/full', 'w');
  const { code, said } = await printing(full.fd).finally(() => full.close());
  expect(code).toBe(1);
  expect(said).toMatch(/^The output cannot be written: ENOSPC/);
});
