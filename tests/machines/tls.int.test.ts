import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProcess, type TestProcess } from '../support/child-process.ts';
import { namespace } from '../support/engines.ts';
import { freePort } from '../support/free-port.ts';
import { program } from '../support/programs.ts';
import { startCluster, type TestCluster } from '../support/redis-cluster.ts';
import { NAME, startSentinel, type Sentinel } from '../support/redis-sentinel.ts';
import { startRedis, type RedisServer } from '../support/redis-server.ts';

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const APP = ['--app', program('tests/support/apps/three-queues.config.ts')];
const AUTHORITY = fileOf('../support/tls/ca.pem');
/** For `localhost` and 127.0.0.1. */
const CERTIFICATE = {
  'tls-cert-file': fileOf('../support/tls/server.pem'),
  'tls-key-file': fileOf('../support/tls/server.key'),
  'tls-ca-cert-file': AUTHORITY,
  'tls-auth-clients': 'no',
};

let cluster: TestCluster;
let master: RedisServer;
let sentinel: Sentinel;
const urls = { cluster: '', sentinel: '' };

beforeAll(async () => {
  const [clusterPort, masterPort, sentinelPort] = [await freePort(), await freePort(), await freePort()];
  const own = { ...CERTIFICATE, 'tls-port': String(clusterPort) };
  // One node, which knows its own name without having met another.
  cluster = await startCluster({
    masters: 1,
    config: { ...own, 'tls-cluster': 'yes', 'cluster-announce-ip': '127.0.0.1' },
  });
  urls.cluster = `rediss+cluster://localhost:${clusterPort}`;
  master = await startRedis({ config: { ...CERTIFICATE, 'tls-port': String(masterPort) } });
  const lines = Object.entries({ ...CERTIFICATE, 'tls-port': sentinelPort, 'tls-replication': 'yes' });
  sentinel = await startSentinel({ masterPort, lines: lines.map(([name, value]) => `${name} ${value}`) });
  urls.sentinel = `rediss+sentinel://localhost:${sentinelPort}/${NAME}`;
});
afterAll(() => Promise.all([cluster.stop(), master.stop(), sentinel.stop()]));

test.each(['cluster', 'sentinel'] as const)('a job is enqueued and run over TLS: %s', async kind => {
  const env = { REDIS_URL: urls[kind], SHIFTWORK_NAMESPACE: namespace(), WORKER_PROCESSES: '1' };
  const trusting = { ...env, NODE_EXTRA_CA_CERTS: AUTHORITY, LOG_LEVEL: 'info' };
  const worker = startProcess(program('workers/main.ts'), { args: APP, env: trusting });
  const command = (given: Readonly<Record<string, string>>, ...args: string[]): TestProcess =>
    startProcess(program('src/cli/main.ts'), { args: [...args, ...APP], env: given });
  try {
    await worker.line(/worker\.started/);
    const producer = command(trusting, 'enqueue', 'work-two', JSON.stringify({ n: 1, fails: true }));
    expect(await producer.ended).toBe(0);
    expect(await worker.line(/job\.dead/)).toContain(producer.lines[0]);
    const doubting = command(env, 'check');
    expect(await doubting.ended).toBe(1);
    expect(doubting.lines.join('\n')).toMatch(/its certificate|no sentinel answers/);
    worker.kill('SIGTERM');
    expect(await worker.ended).toBe(0);
  } finally {
    worker.kill('SIGKILL');
    await worker.ended;
  }
});
