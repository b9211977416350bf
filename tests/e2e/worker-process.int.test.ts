import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.ts';
import { openState } from '../../src/state/index.ts';
import { freshDatabase, namespace, redisUrl } from '../support/engines.ts';
import { freePort } from '../support/free-port.ts';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { program } from '../support/programs.ts';
import { connect } from '../../src/queue/index.ts';
import { leave } from '../support/apps/leaving.config.ts';
import { startRedis } from '../support/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const WORKER = program('workers/main.ts');
const APP = program('tests/support/apps/letters.config.ts');
const LEAVING_AT_START = program('tests/support/apps/leaving-at-start.config.ts');
const LEAVING = program('tests/support/apps/leaving.config.ts');
/** One worker where the test needs no second: each costs half a second of CPU to start. */
const NEEDS = { ARCHIVE_FILE: '/dev/null', POSTMAN: 'Pat', WORKER_PROCESSES: '1' };

describe('a worker process', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  function start(env: Readonly<Record<string, string>>, app = APP): TestProcess {
    const worker = startProcess(WORKER, { args: ['--app', app], env: { ...NEEDS, ...env } });
    cleanups.push(async () => {
      worker.kill('SIGKILL');
      await worker.ended;
    });
    return worker;
  }

  test.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit 0, and says so', async signal => {
    const worker = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace() });
    await worker.line(/worker\.started/);
    worker.kill(signal);
    await worker.line(/worker\.stopped/);
    expect(await worker.ended).toBe(0);
  });

  test('has written its compile cache before it takes a job: at its exit that would count against the grace', async () => {
    const compiled = mkdtempSync(join(tmpdir(), 'shiftwork-compiled-'));
    cleanups.push(() => rmSync(compiled, { recursive: true }));
    const worker = start({ REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace(), NODE_COMPILE_CACHE: compiled });
    await worker.line(/worker\.started/);
    const files = readdirSync(compiled, { recursive: true, withFileTypes: true }).filter(each => each.isFile());
    expect(files.length).toBeGreaterThan(0);
  });

  test('waits for an engine that is away, and begins by itself when it comes', async () => {
    const port = await freePort();
    const worker = start({ REDIS_URL: `redis://127.0.0.1:${port}` });
    await worker.line(/engine\.lost/);
    const redis = await startRedis({ port });
    cleanups.push(() => redis.stop());
    await worker.line(/worker\.started/);
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  test('removes what has expired from the shared state of PostgreSQL, which nothing else would', async () => {
    const database = await freshDatabase();
    cleanups.push(() => database.drop());
    const engine = openEngine({ url: database.url, role: 'producer' });
    cleanups.push(() => engine.close());
    await engine.migrate();
    const state = await openState(engine);
    await state.set('forgotten', 'x', 1, 1);
    await state.set('kept', 'x', 1, 3_600_000);
    const rows = async (): Promise<readonly string[]> => {
      const backing = await engine.backing();
      if (backing.kind !== 'postgres') throw new Error('Expected PostgreSQL.');
      const found = await backing.pool.query<{ collection: string }>('SELECT collection FROM shiftwork_state');
      return found.rows.map(({ collection }) => collection);
    };
    expect(await rows()).toContain('forgotten');
    const worker = start({ DATABASE_URL: database.url, SHIFTWORK_NAMESPACE: '' });
    await waitFor('the expired entry to be removed', async () => !(await rows()).includes('forgotten'));
    expect(await rows()).toContain('kept');
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  test('obeys a signal that comes while it still waits for the engine', async () => {
    const worker = start({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    await worker.line(/engine\.lost/);
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    expect(worker.lines.join('\n')).not.toContain('worker.started');
  });

  test('leaves with exit 0 although the engine is gone when it is told to stop', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const worker = start({ REDIS_URL: redis.url, SHUTDOWN_GRACE_MS: '2000' });
    await worker.line(/worker\.started/);
    redis.pause();
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
    redis.resume();
  });

  test.each([0, 1])('a job that ends its process with exit code %i is poison at the third time, alone', async code => {
    const fixture = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace() };
    const worker = start(fixture, LEAVING);
    await worker.line(/worker\.started/);
    const client = connect({ redis: fixture.REDIS_URL, namespace: fixture.SHIFTWORK_NAMESPACE });
    cleanups.push(() => client.close());
    const { id } = await client.enqueue(leave, { code });
    expect(await worker.line(/"job\.dead"/)).toContain('POISON_JOB');
    expect(await client.job(id)).toMatchObject({ state: 'dead' });
    expect(worker.lines.filter(line => line.includes('"worker.died"')).length).toBeGreaterThanOrEqual(2);
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  });

  test('none of whose processes ever worked ends with 1, also where they left as if all were well', async () => {
    const fixture = { REDIS_URL: redisUrl(), SHIFTWORK_NAMESPACE: namespace() };
    expect(await start({ ...fixture, WORKER_PROCESSES: '2' }, LEAVING_AT_START).ended).toBe(1);
  });

  test('refuses an engine that evicts jobs, and says which setting', async () => {
    const redis = await startRedis({ config: { 'maxmemory-policy': 'allkeys-lru', maxmemory: '50mb' } });
    cleanups.push(() => redis.stop());
    const worker = start({ REDIS_URL: redis.url });
    expect(await worker.ended).toBe(1);
    expect(worker.lines.join('\n')).toContain('noeviction');
  });

  test('names every fault of its environment at once, with exit 2 and without a secret', async () => {
    const worker = start({
      ARCHIVE_FILE: '',
      POSTMAN: '',
      REDIS_URL: 'http://user:hunter2@x',
      WORKER_CONCURRENCY: '0',
      WORKER_QUEUES: 'post',
    });
    expect(await worker.ended).toBe(2);
    const said = worker.lines.join('\n');
    for (const named of ['REDIS_URL', 'WORKER_CONCURRENCY', 'WORKER_QUEUES']) expect(said).toContain(named);
    expect(said).not.toContain('hunter2');
  });

  test('refuses to start without what a handler needs, naming the job', async () => {
    const worker = start({ REDIS_URL: redisUrl(), ARCHIVE_FILE: '' });
    expect(await worker.ended).toBe(2);
    expect(worker.lines.join('\n')).toMatch(/ARCHIVE_FILE.*"letter"/);
  });
});
