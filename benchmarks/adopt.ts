import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { runCli } from '../src/cli/run-cli.ts';
import { startRedis } from '../tests/support/redis-server.ts';

/**
 * What `shiftwork adopt` costs on queues with many jobs: `npm run bench:adopt` (a million in two queues), `-- 100000` for fewer. As a user who may only read. It
 * prints the time, the memory of the process, and how often the server was asked what.
 */
const JOBS = Number(process.argv[2] ?? 1_000_000);
const QUEUES = ['mail', 'reports'];
const PORTION = 5_000;

const server = await startRedis({ config: { appendonly: 'no' } });
const folder = mkdtempSync(join(tmpdir(), 'shiftwork-adopt-'));
const redis = new Redis(server.url);
try {
  for (const queue of QUEUES) await fill(queue, JOBS / QUEUES.length);
  await redis.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read');
  await redis.config('RESETSTAT');
  const reader = server.url.replace('redis://', 'redis://reader:secret@');
  const begunAt = performance.now();
  const code = await runCli(['adopt', reader, '--out', join(folder, 'out')], {
    variables: {},
    print: () => undefined,
    complain: () => undefined,
    readInput: () => Promise.resolve(''),
    readSecret: () => Promise.resolve(''),
  });
  const took = performance.now() - begunAt;
  const memory = process.resourceUsage().maxRSS / 1_024;
  console.log(`exit ${code}: ${JOBS} jobs in ${(took / 1_000).toFixed(1)} s, ${memory.toFixed(0)} MB at most`);
  const asked = execFileSync('redis-cli', ['-p', String(server.port), 'info', 'commandstats'], { encoding: 'utf8' });
  const calls = [...asked.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => `${name} ${count}`);
  console.log(calls.join(', '));
} finally {
  redis.disconnect();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function fill(queue: string, count: number): Promise<void> {
  await redis.hset(`bull:${queue}:meta`, { version: 'bullmq:5.81.5', 'opts.maxLenEvents': '10000' });
  for (let from = 0; from < count; from += PORTION) {
    const ids = Array.from({ length: Math.min(PORTION, count - from) }, (_, index) => String(from + index));
    const pipeline = redis.pipeline().lpush(`bull:${queue}:wait`, ...ids);
    for (const id of ids) {
      const data = JSON.stringify({ to: `user-${id}@example.com`, count: Number(id) });
      pipeline.hset(`bull:${queue}:${id}`, { name: 'send', data, opts: '{"attempts":3}', timestamp: '1' });
    }
    await pipeline.exec();
  }
}
