import { execFileSync } from 'node:child_process';
import { globSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import { runApp } from '../support/running-app.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

/** What docs/guarantees.md says is lost when: tried on servers of our own. */

const note = defineJob({ queue: 'notes', name: 'note', schema: z.object({ text: z.string() }) });

const NAMESPACE = 'losses';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function server(config: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const redis = await startRedis({ config });
  cleanups.push(() => redis.stop());
  return redis;
}

function clientOf(redis: RedisServer): Client {
  const client = connect({ redis: redis.url, namespace: NAMESPACE });
  cleanups.push(() => client.close());
  return client;
}

function control(redis: RedisServer): Redis {
  const connection = new Redis(redis.url);
  connection.on('error', () => undefined);
  cleanups.push(() => connection.disconnect());
  return connection;
}

async function acknowledged(client: Client, ...texts: string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const text of texts) ids.push((await client.enqueue(note, { text })).id);
  return ids;
}

/** Redis answers before it writes where an fsync of before is still under way: up to two seconds later, with `everysec`. */
async function written(redis: RedisServer): Promise<void> {
  const admin = control(redis);
  await waitFor('Redis to have written what it has', async () =>
    (await admin.info('persistence')).includes('aof_buffer_length:0\r\n'),
  );
}

/** What has become of each. */
async function statesOf(redis: RedisServer, ids: readonly string[]): Promise<readonly (string | undefined)[]> {
  const client = clientOf(redis);
  return waitFor('the server to answer', async () => Promise.all(ids.map(async id => (await client.job(id))?.state)));
}

const logOf = (redis: RedisServer): string => {
  const [log] = globSync('appendonlydir/*.incr.aof', { cwd: redis.folder });
  if (log === undefined) throw new Error('Redis has no append-only file.');
  return join(redis.folder, log);
};

describe('Redis dies', () => {
  test.each(['everysec', 'always'])(
    'as a process, appendfsync %s: nothing that was acknowledged and written is lost',
    async appendfsync => {
      const redis = await server({ appendfsync });
      const ids = await acknowledged(clientOf(redis), 'a', 'b', 'c');
      await written(redis);
      await redis.kill();
      await redis.restart();
      expect(await statesOf(redis, ids)).toEqual(['waiting', 'waiting', 'waiting']);
    },
  );

  test('with its machine, appendfsync everysec: what the disk did not have yet is lost, and nothing before it', async () => {
    const redis = await server();
    const client = clientOf(redis);
    const kept = await acknowledged(client, 'a', 'b');
    await written(redis);
    const onDisk = statSync(logOf(redis)).size;
    const lost = await acknowledged(client, 'c');
    await written(redis);
    await redis.kill();
    // The machine's memory, which held the last second, is gone.
    truncateSync(logOf(redis), onDisk);
    await redis.restart();
    expect(await statesOf(redis, [...kept, ...lost])).toEqual(['waiting', 'waiting', undefined]);
  });

  test('without a file: everything is lost, and the check has warned', async () => {
    const redis = await server({ appendonly: 'no' });
    const ids = await acknowledged(clientOf(redis), 'a');
    const { openEngine } = await import('../../src/engine/index.ts');
    const engine = openEngine({ url: redis.url, role: 'producer' });
    const { warnings } = await engine.check();
    await engine.close();
    expect(warnings.join()).toContain('all jobs are lost when it restarts');
    await redis.kill();
    await redis.restart();
    expect(await statesOf(redis, ids)).toEqual([undefined]);
  });
});

test('a replica takes over: what it had not been sent is lost, although it was acknowledged', async () => {
  const primary = await server({ 'repl-diskless-sync-delay': '0' });
  const line = await startTcpProxy(primary.port);
  cleanups.push(() => line.close());
  const replica = await server({ replicaof: `127.0.0.1 ${line.port}` });
  const admin = control(primary);
  const client = clientOf(primary);
  const kept = await acknowledged(client, 'a');
  // WAIT looks at what its own connection has written.
  await admin.set('mark', '1');
  await waitFor('the replica to have it', async () => (await admin.wait(1, 1_000)) === 1);
  line.hold();
  const lost = await acknowledged(client, 'b');
  await primary.kill();
  await control(replica).call('REPLICAOF', 'NO', 'ONE');
  expect(await statesOf(replica, [...kept, ...lost])).toEqual(['waiting', undefined]);
});

test('an older state is restored: what came since is lost, what had ended since runs again', async () => {
  const redis = await server({ appendonly: 'no' });
  const client = clientOf(redis);
  const ran: string[] = [];
  const work = async (): Promise<() => Promise<void>> => {
    const handler = handle(note, async ({ text }) => void ran.push(text));
    const fixture = { url: redis.url, namespace: NAMESPACE, cleanup: async () => undefined };
    const app = await runApp({ open: async () => fixture }, defineApp({ jobs: [note], handlers: [handler] }));
    return () => app.stop();
  };
  const before = await acknowledged(client, 'a');
  await control(redis).save();
  let stop = await work();
  const since = await acknowledged(client, 'b');
  await waitFor('both to end', () => ran.length === 2);
  await stop();
  await redis.kill();
  await redis.restart();
  expect(await statesOf(redis, [...before, ...since])).toEqual(['waiting', undefined]);
  stop = await work();
  await waitFor('the restored one to run', () => ran.length === 3);
  await stop();
  expect(ran).toEqual(['a', 'b', 'a']);
});

test('FLUSHALL: every job that no outbox holds is lost, without a word', async () => {
  const redis = await server();
  const ids = await acknowledged(clientOf(redis), 'a', 'b');
  await control(redis).flushall();
  expect(await statesOf(redis, ids)).toEqual([undefined, undefined]);
});

test('a full disk: producers are refused until there is room; of what was acknowledged at most the last is lost', async () => {
  const redis = await server();
  const client = clientOf(redis);
  const ids = [...(await acknowledged(client, 'first'))];
  const room = (bytes: string): unknown =>
    execFileSync('prlimit', [`--fsize=${bytes}:unlimited`, '--pid', String(redis.pid)]);
  room(String(statSync(logOf(redis)).size + 5_000));
  const refused = await waitFor('a refusal', async () => {
    try {
      ids.push(...(await acknowledged(client, 'x'.repeat(500))));
      return undefined;
    } catch (error) {
      return error;
    }
  });
  expect(refused).toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
  room('unlimited');
  const [later = ''] = await waitFor('room', () => acknowledged(client, 'later'));
  await written(redis);
  await redis.kill();
  await redis.restart();
  const states = await statesOf(redis, [...ids.slice(0, -1), later]);
  expect(new Set(states)).toEqual(new Set(['waiting']));
});
