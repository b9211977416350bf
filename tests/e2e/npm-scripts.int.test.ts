import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { namespace, redisUrl } from '../support/engines.ts';
import { descendantsOf, isAlive } from '../support/process-tree.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const APP = 'tests/support/apps/letters.config.ts';

/** What a person types: between npm and the program stands a shell, which must neither swallow a signal nor die of it. */
describe('npm run', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function startWorker() {
    const { PATH = '', HOME = '' } = process.env;
    const env = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), ARCHIVE_FILE: '/dev/null', POSTMAN: 'Pat' };
    const npm = spawn('npm', ['run', '-s', 'worker', '--', '--app', APP], {
      cwd: ROOT,
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
});
