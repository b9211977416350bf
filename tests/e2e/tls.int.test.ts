import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProcess } from '../support/child-process.ts';
import { freePort } from '../support/free-port.ts';
import { program } from '../support/programs.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const WORKER = program('workers/main.ts');
const CLI = program('src/cli/main.ts');
const APP = ['--app', program('tests/support/apps/letters.config.ts')];
const AUTHORITY = fileOf('../support/tls/ca.pem');

describe('an engine behind TLS', () => {
  let redis: RedisServer;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    const port = await freePort();
    redis = await startRedis({
      config: {
        'tls-port': String(port),
        'tls-cert-file': fileOf('../support/tls/server.pem'),
        'tls-key-file': fileOf('../support/tls/server.key'),
        'tls-ca-cert-file': AUTHORITY,
        'tls-auth-clients': 'no',
      },
    });
    env = { REDIS_URL: `rediss://localhost:${port}`, ARCHIVE_FILE: '/dev/null', POSTMAN: 'Pat' };
  });
  afterAll(() => redis.stop());

  test('a job is enqueued and run over it when the authority is trusted', async () => {
    const trusting = { ...env, NODE_EXTRA_CA_CERTS: AUTHORITY };
    const worker = startProcess(WORKER, { args: APP, env: trusting });
    try {
      await worker.line(/worker\.started/);
      const data = JSON.stringify({ to: 'Ada of London', end: 'refused' });
      const producer = startProcess(CLI, { args: ['enqueue', 'letter', data, ...APP], env: trusting });
      expect(await producer.ended).toBe(0);
      const [id = ''] = producer.lines;
      expect(await worker.line(/job\.dead/)).toContain(id);
      worker.kill('SIGTERM');
      expect(await worker.ended).toBe(0);
    } finally {
      worker.kill('SIGKILL');
      await worker.ended;
    }
  });

  test('a certificate of an unknown authority is refused, and said to be the reason', async () => {
    const producer = startProcess(CLI, { args: ['stats', ...APP], env });
    expect(await producer.ended).toBe(1);
    expect(producer.lines.join('\n')).toContain('the secure connection could not be made');
    expect(producer.lines.join('\n')).toMatch(/its certificate .* not trusted .*NODE_EXTRA_CA_CERTS/);
  });
});
