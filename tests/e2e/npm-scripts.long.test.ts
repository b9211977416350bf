import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { namespace, redisUrl } from '../support/engines.ts';
import { descendantsOf, isAlive } from '../support/process-tree.ts';
import { waitFor } from '../support/wait-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APP = 'tests/support/apps/letters.config.ts';

/** What a person types: between npm and the program stands a shell, which must neither swallow a signal nor die of it. */
describe('npm run', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  /** A folder in which npx finds the command, as where the package is installed. */
  function installed(): string {
    const folder = mkdtempSync(join(tmpdir(), 'shiftwork-npx-'));
    cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
    const bin = join(folder, 'node_modules/.bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"name":"an-app","version":"1.0.0","private":true}');
    const main = JSON.stringify(join(ROOT, 'src/cli/main.ts'));
    writeFileSync(join(bin, 'shiftwork'), `#!/usr/bin/env node\nimport(${main});\n`);
    chmodSync(join(bin, 'shiftwork'), 0o755);
    return folder;
  }

  async function startWorker(command = ['npm', 'run', '-s', 'worker', '--'], cwd = ROOT) {
    const { PATH = '', HOME = '' } = process.env;
    const env = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), ARCHIVE_FILE: '/dev/null', POSTMAN: 'Pat' };
    const [program = '', ...args] = command;
    const npm = spawn(program, [...args, '--app', join(ROOT, APP)], {
      cwd,
      env: { PATH, HOME, WORKER_PROCESSES: '1', ...env },
      // A group of its own, as a terminal gives to what is typed.
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = npm.pid ?? -1;
    cleanups.push(() => {
      for (const each of [...descendantsOf(pid), pid]) if (isAlive(each)) process.kill(each, 'SIGKILL');
    });
    const ended = once(npm, 'close');
    for await (const line of createInterface({ input: npm.stdout })) if (line.includes('worker.started')) break;
    npm.stdout.resume();
    return { pid, ended, started: descendantsOf(pid) };
  }

  test.each([
    ['Ctrl-C, which reaches all of them', 'SIGINT', (pid: number) => -pid],
    ['a signal to npm alone', 'SIGTERM', (pid: number) => pid],
  ] as const)('%s stops a worker in order: exit 0, nobody left', async (_what, signal, whom) => {
    const { pid, ended, started } = await startWorker();
    expect(started.length).toBeGreaterThanOrEqual(2);
    process.kill(whom(pid), signal);
    expect(await ended).toEqual([0, null]);
    expect(started.filter(isAlive)).toEqual([]);
  });

  test('npx, which passes no signal on, leaves a worker that notices and drains', async () => {
    const { pid, ended, started } = await startWorker(['npx', 'shiftwork', 'work'], installed());
    process.kill(pid, 'SIGTERM');
    await ended;
    await waitFor('all to have left', () => !started.some(isAlive));
    expect(started.length).toBeGreaterThanOrEqual(2);
  });

  test('the command itself, as the README has it, ends with 0', async () => {
    const { pid, ended, started } = await startWorker(['node_modules/.bin/shiftwork', 'work'], installed());
    process.kill(pid, 'SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(started.filter(isAlive)).toEqual([]);
  });
});
