import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What a worker process costs to start, with Node's compile cache and without, in turn: `npm run bench:start`. The program loads what
 * `shiftwork work` loads and ends.
 */
const ROUNDS = 7;
const WORK = fileURLToPath(new URL('../src/boot/work/work.ts', import.meta.url));
const cache = mkdtempSync(join(tmpdir(), 'shiftwork-bench-cache-'));

function cpuMs(variables: NodeJS.ProcessEnv): number {
  const script = `await import(${JSON.stringify(WORK)}); const { user, system } = process.cpuUsage(); console.log((user + system) / 1000);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...variables },
    encoding: 'utf8',
  });
  return Number(stdout);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
const without: number[] = [];
const withCache: number[] = [];
try {
  cpuMs({ NODE_COMPILE_CACHE: cache });
  for (let round = 0; round < ROUNDS; round += 1) {
    without.push(cpuMs({ NODE_DISABLE_COMPILE_CACHE: '1' }));
    withCache.push(cpuMs({ NODE_COMPILE_CACHE: cache }));
  }
  console.log(
    `CPU of a start, median of ${ROUNDS}: ${Math.round(median(without))} ms without, ${Math.round(median(withCache))} ms with the compile cache, ` +
      `ratio ${(median(withCache) / median(without)).toFixed(2)}`,
  );
} finally {
  rmSync(cache, { recursive: true, force: true });
}
