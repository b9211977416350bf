import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openEngine } from '../src/engine/index.ts';
import { startProcess } from '../tests/support/child-process.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';
import { startRedis } from '../tests/support/redis-server.ts';
import { median } from './measure.ts';

/**
 * How long does a worker host of two processes take from SIGTERM to its exit, when nothing runs? On each engine, a real process
 * each time.
 *
 * Use: `npm run bench:stop`, or `npm run bench:stop -- 20` for twenty stops.
 */
const STOPS = Number(process.argv[2] ?? 10);
const WORKERS = 2;

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));

async function stopIdle(variable: string, url: string): Promise<number> {
  const host = startProcess(pathOf('../workers/main.ts'), {
    args: ['--app', pathOf('../tests/support/apps/letters.config.ts')],
    env: {
      [variable]: url,
      WORKER_PROCESSES: String(WORKERS),
      ARCHIVE_FILE: join(tmpdir(), 'shiftwork-bench-archive'),
      POSTMAN: 'nobody',
    },
  });
  await host.line(/"fact":"worker.started"(?:(?!"fact":"worker.started").)*$/);
  while (host.lines.filter(line => line.includes('"fact":"worker.started"')).length < WORKERS) {
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  // The workers are waiting for work by then.
  await new Promise(resolve => setTimeout(resolve, 500));
  const at = performance.now();
  host.kill('SIGTERM');
  const code = await host.ended;
  if (code !== 0) throw new Error(`Expected the host to exit with 0, got ${code}.`);
  return performance.now() - at;
}

const rows: string[] = [];
for (const { name, variable, start } of [
  { name: 'Redis', variable: 'REDIS_URL', start: () => startRedis() },
  { name: 'PostgreSQL', variable: 'DATABASE_URL', start: startPostgres },
]) {
  const server = await start();
  const engine = openEngine({ url: server.url, role: 'worker' });
  await engine.migrate();
  await engine.close();
  const took: number[] = [];
  for (let stop = 0; stop < STOPS; stop += 1) took.push(await stopIdle(variable, server.url));
  await server.stop();
  rows.push(`| ${name} | ${Math.round(median(took))} | ${Math.round(Math.max(...took))} |`);
  console.log(rows.at(-1));
}
await writeFile(
  new URL('stop-results.md', import.meta.url),
  [
    '# From SIGTERM to exit, with nothing running',
    '',
    `Written by \`npm run bench:stop\`: ${STOPS} worker hosts of ${WORKERS} processes each, Node ${process.version}. Milliseconds.`,
    '',
    '| engine | median | worst |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n'),
);
