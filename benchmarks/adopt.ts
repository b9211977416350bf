import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { runCli } from '../src/cli/run-cli.ts';
import { startRedis } from '../tests/support/redis-server.ts';

/**
 * What `shiftwork adopt` costs on queues with many jobs: `npm run bench:adopt` (a million in two queues), `-- 100000` for fewer. As a user who may only read. It
 * prints the time, the memory of the process that looks, and how often the server was asked what.
 */
const QUEUES = ['mail', 'reports'];
const PORTION = 5_000;

const [first = '1000000', address = '', folder = ''] = process.argv.slice(2);
if (first === 'look') await look(address, folder);
else await measure(Number(first));

/** In a process of its own: the one that has filled the queues holds what that took. */
async function look(url: string, out: string): Promise<void> {
  const begunAt = performance.now();
  const code = await runCli(['adopt', url, '--out', out], {
    variables: {},
    print: () => undefined,
    complain: () => undefined,
    readInput: () => Promise.resolve(''),
    readSecret: () => Promise.resolve(''),
  });
  const took = (performance.now() - begunAt) / 1_000;
  const memory = process.resourceUsage().maxRSS / 1_024;
  console.log(`exit ${code}, ${took.toFixed(1)} s, ${memory.toFixed(0)} MB at most`);
}

async function measure(jobs: number): Promise<void> {
  const server = await startRedis({ config: { appendonly: 'no' } });
  const work = mkdtempSync(join(tmpdir(), 'shiftwork-adopt-'));
  const redis = new Redis(server.url);
  try {
    for (const queue of QUEUES) await fill(redis, queue, jobs / QUEUES.length);
    await redis.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read');
    await redis.config('RESETSTAT');
    const reader = server.url.replace('redis://', 'redis://reader:secret@');
    const own = fileURLToPath(import.meta.url);
    const said = execFileSync(process.execPath, [own, 'look', reader, join(work, 'out')], { encoding: 'utf8' });
    console.log(`${jobs} jobs in ${QUEUES.length} queues: ${said.trim()}`);
    const asked = await redis.info('commandstats');
    console.log(
      [...asked.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].map(([, name, count]) => `${name} ${count}`).join(', '),
    );
  } finally {
    redis.disconnect();
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

async function fill(redis: Redis, queue: string, count: number): Promise<void> {
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
