import { afterEach, describe, expect, test, vi } from 'vitest';
import { EngineUnreachableError } from '../outage/engine-unreachable-error.ts';
import { Outage } from '../outage/outage.ts';
import { checkRedis, type AskedRedis } from './check.ts';

afterEach(() => void vi.useRealTimers());

const SOUND = {
  redis_version: '7.0.15',
  role: 'master',
  cluster_enabled: '0',
  maxmemory_policy: 'noeviction',
  aof_enabled: '1',
};

interface Server {
  readonly info?: Readonly<Record<string, string | undefined>>;
  readonly settings?: Readonly<Record<string, string>> | 'forbidden';
  /** The server's clock minus ours. */
  readonly clockMs?: number;
}

function check({ info = {}, settings = {}, clockMs = 0 }: Server) {
  const lines = Object.entries({ ...SOUND, ...info }).filter(([, value]) => value !== undefined);
  const redis: AskedRedis = {
    info: async () => ['# Server', ...lines.map(([name, value]) => `${name}:${value}`), ''].join('\r\n'),
    time: async () => {
      const now = Date.now() + clockMs;
      return [String(Math.floor(now / 1_000)), String((now % 1_000) * 1_000)];
    },
    config: async (_get, name) => {
      if (settings === 'forbidden')
        throw new Error("NOPERM this user has no permissions to run the 'config|get' command");
      return name in settings ? [name, settings[name]] : [];
    },
  };
  return checkRedis(redis, new Outage('redis.example:6379', {}));
}

test('a sound Redis is reported without complaints', async () => {
  const report = await check({});
  expect(report).toMatchObject({ errors: [], warnings: [], version: '7.0.15' });
});

describe('the version', () => {
  test.each(['6.2.0', '6.10.1', '7.4.2', '8.0.0'])('%s is taken', async version => {
    expect((await check({ info: { redis_version: version } })).errors).toEqual([]);
  });

  test.each(['3.0.7', '5.0.14', '6.0.20', '6.1.9'])('%s is refused', async version => {
    const { errors } = await check({ info: { redis_version: version } });
    expect(errors).toEqual([`Expected Redis 6.2 or newer, found ${version}. Upgrade the server.`]);
  });

  test("is Valkey's own where it is Valkey, not the Redis that it imitates", async () => {
    expect((await check({ info: { redis_version: '7.2.4', valkey_version: '8.1.0' } })).version).toBe('8.1.0');
  });
});

describe('eviction', () => {
  test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])(
    '%s is refused, with the setting to change',
    async policy => {
      const { errors } = await check({ info: { maxmemory_policy: policy } });
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(`found "${policy}"`);
      expect(errors[0]).toContain('CONFIG SET maxmemory-policy noeviction');
    },
  );

  test('is read from INFO, so a server that forbids CONFIG is checked too', async () => {
    const { errors } = await check({ info: { maxmemory_policy: 'allkeys-lru' }, settings: 'forbidden' });
    expect(errors[0]).toContain('found "allkeys-lru"');
  });

  test('is read from CONFIG where INFO does not tell', async () => {
    const server = { info: { maxmemory_policy: undefined } };
    expect((await check({ ...server, settings: { 'maxmemory-policy': 'noeviction' } })).errors).toEqual([]);
    expect((await check({ ...server, settings: 'forbidden' })).errors[0]).toContain('found "unknown"');
  });
});

describe('persistence', () => {
  test.each([
    ['nothing on disk', { save: '' }],
    ['snapshots', { save: '3600 1' }],
  ] as const)('without the append-only file is a warning: %s', async (words, settings) => {
    const { errors, warnings } = await check({ info: { aof_enabled: '0' }, settings });
    expect(errors).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(words)]);
    expect(warnings[0]).toContain('appendonly yes');
  });

  test('is a warning too where the server does not tell its settings', async () => {
    expect((await check({ info: { aof_enabled: '0' }, settings: 'forbidden' })).warnings).toHaveLength(1);
  });
});

test('a replica and a cluster are refused', async () => {
  const { errors } = await check({ info: { role: 'slave', cluster_enabled: '1' } });
  expect(errors).toEqual([expect.stringContaining('replica'), expect.stringContaining('Cluster')]);
});

test('a clock that differs is a warning, however much it differs', async () => {
  // It stands still: what the question itself takes is no difference.
  vi.useFakeTimers({ toFake: ['Date'] });
  const slightly = await check({ clockMs: -5_000 });
  expect(slightly.errors).toEqual([]);
  expect(slightly.warnings).toEqual([expect.stringContaining('ahead of')]);
  expect(slightly.clockDifferenceMs).toBe(5_000);
  const much = await check({ clockMs: 3_600_000 });
  expect(much.errors).toEqual([]);
  expect(much.warnings).toEqual([expect.stringContaining('behind')]);
});

test('everything wrong is reported at once', async () => {
  const { errors, warnings } = await check({
    info: { redis_version: '5.0.0', role: 'slave', maxmemory_policy: 'allkeys-lru', aof_enabled: '0' },
    clockMs: 60_000,
  });
  expect(errors).toHaveLength(3);
  expect(warnings).toHaveLength(2);
});

test('a server that goes away while it is asked is unreachable', async () => {
  const closed = () => Promise.reject(new Error('Connection is closed.'));
  const outage = new Outage('redis.example:6379', {});
  await expect(checkRedis({ time: closed, info: closed, config: closed }, outage)).rejects.toThrow(
    EngineUnreachableError,
  );
});
