import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { monitorRedis } from '../../../tests/support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../../tests/support/redis-server.ts';
import { stockWorker } from '../../../tests/support/stock-worker.ts';
import { startTurnWorker } from '../../../tests/support/turn-worker.ts';
import { PATIENT } from '../../../tests/support/wait-for.ts';
import { Facts } from '../../facts/index.ts';
import { PlainKeys } from '../../redis/index.ts';
import { openEngine, type Engine, type EngineOptions, type EngineQueue } from '../index.ts';
import { BlockingRedis } from './blocking-redis.ts';
import { insistOnDatabase } from './insist-on-database.ts';
import { rightsErrors } from './rights.ts';

let server: RedisServer;
let redis: Redis;
const engines: Engine[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterEach(async () => {
  await Promise.all(engines.splice(0).map(engine => engine.close(1_000)));
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

function open(options: Partial<EngineOptions> & Pick<EngineOptions, 'role'>): Engine {
  const engine = openEngine({ url: server.url, ...options });
  engines.push(engine);
  return engine;
}

/** What one run of a worker saw of jobs by their ids. */
interface Seen {
  readonly complaints: Map<string, string | undefined>;
  readonly completed: Set<string>;
  readonly errors: unknown[];
}

describe('a job that cannot be read as it is stored', () => {
  let namespace: string;
  let queue: EngineQueue;
  const SECRET = 'hunter2';

  beforeEach(async () => {
    namespace = `broken-${randomUUID().slice(0, 8)}`;
    queue = await open({ role: 'producer', namespace }).queue('email');
  });

  const keyOf = (id: string) => `${namespace}:email:${id}`;

  async function add(id: string): Promise<void> {
    await queue.add('greet', { secret: SECRET }, { jobId: id, priority: 20, attempts: 5 });
  }

  async function runAll(concurrency: number): Promise<Seen> {
    const seen: Seen = { complaints: new Map(), completed: new Set(), errors: [] };
    const worker = await startTurnWorker(
      open({ role: 'worker', namespace }),
      'email',
      async job => {
        const complaint = job.kind === 'broken' ? job.complaint : undefined;
        seen.complaints.set(job.id, complaint);
        if (complaint === undefined) return;
        expect(job.data).toEqual({});
        throw new Error(complaint);
      },
      concurrency,
    );
    await vi.waitFor(async () => {
      expect(await queue.getJobCounts('active', 'prioritized', 'waiting', 'delayed')).toEqual({
        active: 0,
        prioritized: 0,
        waiting: 0,
        delayed: 0,
      });
    }, PATIENT);
    seen.errors.push(...worker.errors);
    for (const { id } of await queue.getCompleted()) if (id !== undefined) seen.completed.add(id);
    return seen;
  }

  const damages: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
    'data cut off': id => redis.hset(keyOf(id), 'data', `{"secret":"${SECRET}`),
    'data that is no JSON': id => redis.hset(keyOf(id), 'data', `${SECRET} said hello`),
    'options cut off': id => redis.hset(keyOf(id), 'opts', '{"attempts":5,"prio'),
    'options that are no object': id => redis.hset(keyOf(id), 'opts', 'null'),
    'progress that is no JSON': id => redis.hset(keyOf(id), 'progress', '{'),
    'a parent that is no JSON': id => redis.hset(keyOf(id), 'parent', '{'),
    'no name': id => redis.hdel(keyOf(id), 'name'),
    'no timestamp': id => redis.hdel(keyOf(id), 'timestamp'),
    'nothing stored at all': id => redis.del(keyOf(id)),
  };

  test.each(Object.entries(damages))(
    'reaches the processor once, marked, and can be ended: %s',
    async (_name, damage) => {
      await add('broken');
      await damage('broken');
      await add('sound');
      const seen = await runAll(1);
      expect(seen.complaints.get('broken')).toMatch(/stored/);
      expect(seen.complaints.get('broken')).not.toContain(SECRET);
      expect(seen.complaints.get('sound')).toBeUndefined();
      expect([...seen.completed]).toEqual(['sound']);
      expect(seen.errors).toEqual([]);
      expect(await redis.zrange(keyOf('failed'), '0', '-1')).toEqual(['broken']);
      expect(await redis.hget(keyOf('broken'), 'failedReason')).toBe(seen.complaints.get('broken'));
    },
  );

  test.each([1, 5])('does not take sound jobs with it, %d at once', async concurrency => {
    const ids = Array.from({ length: 20 }, (_value, index) => `job-${index}`);
    for (const id of ids) await add(id);
    const broken = ids.filter((_id, index) => index % 2 === 1);
    const kinds = Object.values(damages);
    for (const [index, id] of broken.entries()) await kinds[index % kinds.length]?.(id);
    const seen = await runAll(concurrency);
    // Also those whose end had taken a broken one along: their own completion is confirmed.
    expect([...seen.completed].toSorted()).toEqual(ids.filter(id => !broken.includes(id)).toSorted());
    expect((await redis.zrange(keyOf('failed'), '0', '-1')).toSorted()).toEqual(broken.toSorted());
    expect(seen.errors).toEqual([]);
  });

  test('keeps what could not be read beside what replaced it', async () => {
    await add('broken');
    await redis.hset(keyOf('broken'), 'opts', '{"attempts":5,"prio');
    await runAll(1);
    expect(await redis.hget(keyOf('broken'), 'opts:broken')).toBe('{"attempts":5,"prio');
  });
});

describe('the connection', () => {
  test('takes user, password and database from the URL, and shows none of them', async () => {
    await redis.call('ACL', 'SETUSER', 'app', 'on', '>s3cret', '~*', '&*', '+@all');
    const url = new URL(server.url);
    url.username = 'app';
    url.password = 's3cret';
    url.pathname = '/3';
    const engine = open({ role: 'producer', url: url.href });
    await (await engine.queue('email')).add('greet', {}, { jobId: 'in-three' });
    expect(engine.target).toBe(url.host);
    await redis.select(3);
    expect(await redis.exists('bull:email:in-three')).toBe(1);
    await redis.select(0);
    expect(await redis.exists('bull:email:in-three')).toBe(0);
  });

  test('that is refused for its password says so, without it', async () => {
    const url = new URL(server.url);
    url.username = 'app';
    url.password = 'wr0ng';
    const lost: Error[] = [];
    const facts = new Facts();
    facts.on('engine.lost', ({ fields: { error } }) => lost.push(error));
    const engine = open({ role: 'producer', url: url.href, facts });
    const refusal = await engine.check().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refusal).toMatchObject({
      code: 'ENGINE_UNREACHABLE',
      message: expect.stringContaining('the credentials were refused'),
    });
    expect(lost).toHaveLength(1);
    for (const error of [refusal, ...lost]) {
      expect(JSON.stringify(error, [...Object.getOwnPropertyNames(error), 'cause', 'message', 'stack'])).not.toContain(
        'wr0ng',
      );
      expect(JSON.stringify((error as Error).cause)).not.toContain('wr0ng');
    }
  });

  test('is one for all queues and workers of a process, and one more for each worker', async () => {
    // Those of the tests before may still be ending.
    const before = new Set(await connections());
    const opened = async () => (await connections()).filter(id => !before.has(id));
    const engine = open({ role: 'worker', namespace: 'counted' });
    for (const name of ['email', 'analytics', 'notification']) {
      await engine.queue(name);
      await startTurnWorker(engine, name);
    }
    await vi.waitFor(async () => expect(await opened()).toHaveLength(4), PATIENT);
    await engine.close();
    await vi.waitFor(async () => expect(await opened()).toEqual([]), PATIENT);
  });

  test('says on the server whose it is', async () => {
    for (const role of ['producer', 'worker'] as const) await open({ role, namespace: 'whose' }).queue('email');
    const list = String(await redis.client('LIST'));
    expect(list).toContain(' name=shiftwork-producer ');
    expect(list).toContain(' name=shiftwork-worker ');
  });

  test('keeps the event stream short', async () => {
    const engine = open({ role: 'producer', namespace: 'events' });
    const queue = await engine.queue('email');
    await (await engine.turns('email')).add([{ id: 'a', name: 'greet', data: '{}', opts: {}, timestamp: 1 }]);
    await vi.waitFor(
      async () => expect(await redis.hget('events:email:meta', 'opts.maxLenEvents')).toBe('1000'),
      PATIENT,
    );
    expect(queue.opts).toMatchObject({ prefix: 'events' });
  });

  test('leaves to whoever reads the event stream what a turn has ended, also where a queue keeps no events', async () => {
    const engine = open({ role: 'worker', namespace: 'few-events' });
    await redis.hset('few-events:email:meta', 'opts.maxLenEvents', '0');
    const turns = await engine.turns('email');
    const said = async () =>
      (await redis.xrange('few-events:email:events', '-', '+')).map(([, [, event]]) => String(event));
    await turns.add([{ id: 'a', name: 'greet', data: '{}', opts: {}, timestamp: 1 }]);
    const take = { tokens: ['held-token'], worker: 'holder', lockMs: 30_000, maxBytes: 1_000 };
    await turns.turn({ id: 'takes', now: 1, ends: [], take });
    const end = { what: 'succeeded', result: '1', keep: {} } as const;
    await turns.turn({ id: 'ends', now: 2, ends: [{ jobId: 'a', token: 'held-token', end }], take: undefined });
    expect(await said()).toEqual(['completed', 'drained']);
  });

  /** By the ids that Redis gives them, each once. */
  async function connections(): Promise<readonly string[]> {
    const list = String(await redis.client('LIST'));
    return [...list.matchAll(/^id=(\d+) /gm)].map(([, id = '']) => id);
  }
});

test('a job with a priority that is handed back wakes an idle worker', async () => {
  const namespace = 'handed-back';
  const engine = open({ role: 'worker', namespace });
  const queue = await engine.queue('email');
  await queue.add('greet', {}, { jobId: 'greeted', priority: 20 });
  const turns = await engine.turns('email');
  const take = { tokens: ['held-token'], worker: 'holder', lockMs: 30_000, maxBytes: 1_000 };
  await turns.turn({ id: 'takes', now: Math.floor(engine.clock.now()), ends: [], take });
  const processed: (string | undefined)[] = [];
  // Another program's, asleep for a minute unless somebody wakes it.
  const idle = await stockWorker(engine, 'email', async job => processed.push(job.id), { drainDelay: 60 });
  void idle.run();
  await vi.waitFor(async () => expect(await redis.exists(`${namespace}:email:marker`)).toBe(0), PATIENT);
  // As a supervisor does for a worker that died: from a queue, with the dead one's token.
  await (await queue.getJob('greeted'))?.moveToWait('held-token');
  await vi.waitFor(() => expect(processed).toEqual(['greeted']), PATIENT);
});

test('a server that evicts is refused by the check, and taken once it is mended', async () => {
  const engine = open({ role: 'worker' });
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  try {
    expect((await engine.check()).errors).toEqual([expect.stringContaining('found "allkeys-lru"')]);
  } finally {
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
  }
  expect((await engine.check()).errors).toEqual([]);
});

test('a server whose user may not ask for CONFIG is checked all the same', async () => {
  await redis.call('ACL', 'SETUSER', 'modest', 'on', '>s3cret', '~*', '&*', '+@all', '-config');
  const url = new URL(server.url);
  url.username = 'modest';
  url.password = 's3cret';
  const report = await open({ role: 'worker', url: url.href }).check();
  expect(report.errors).toEqual([]);
  expect(report.version).toMatch(/^\d+\.\d+\.\d+$/);
});

describe('a user who may not do what queues need is refused by the check', () => {
  async function errorsOf(name: string, ...rules: readonly string[]): Promise<readonly string[]> {
    await redis.call('ACL', 'SETUSER', name, 'reset', 'on', '>s3cret', ...rules);
    const url = Object.assign(new URL(server.url), { username: name, password: 's3cret' });
    return (await open({ role: 'worker', url: url.href, namespace: 'rights' }).check()).errors;
  }

  test.each<[what: string, rules: readonly string[], said: readonly RegExp[]]>([
    ['no scripts', ['~*', '&*', '+@all', '-@scripting'], [/may not run EVAL, EVALSHA, SCRIPT\. Allow/]],
    ['no hash may be written', ['~*', '&*', '+@all', '-hset', '-hdel'], [/may not run HSET, HDEL\./]],
    ['no waiting', ['~*', '&*', '+@all', '-@blocking'], [/may not run .*BZPOPMIN/]],
    ['another prefix', ['~other:*', '&*', '+@all'], [/allowed the keys "rights:\*".*~rights:\*/]],
    ['neither', ['~other:*', '&*', '+@all', '-eval', '-zadd'], [/may not run EVAL, ZADD\./, /allowed the keys/]],
  ])('%s', async (_what, rules, said) => {
    const errors = await errorsOf('lacking', ...rules);
    expect(errors).toEqual(said.map(pattern => expect.stringMatching(pattern)));
  });

  test('each command for itself, and nobody is asked for more than a few while all is well', async () => {
    const rules = ['reset', 'on', '>s3cret', '~*', '&*', '+@all'];
    const able = async (...others: readonly string[]): Promise<unknown> =>
      redis.call('ACL', 'SETUSER', 'able', ...rules, ...others);
    await able();
    const client = new Redis(server.url, { username: 'able', password: 's3cret', enableReadyCheck: false });
    const refused = async (): Promise<readonly string[]> => {
      const [error = ''] = await rightsErrors(client, new PlainKeys('rights'));
      return /may not run (.*?)\. Allow/.exec(error)?.[1]?.split(', ') ?? [];
    };
    const monitor = await monitorRedis(server.url);
    expect(await refused()).toEqual([]);
    await monitor.stop();
    expect(monitor.sentWith('rights')).toBeLessThan(10);
    await able('-@all');
    const names = await refused();
    expect(names.length).toBeGreaterThan(60);
    for (const name of names) {
      await able(`-${name.toLowerCase()}`);
      expect(await refused()).toEqual([name]);
    }
    client.disconnect();
  });

  test('one who may is taken, and what was tried leaves nothing behind', async () => {
    expect(await errorsOf('able', '~rights:*', '&*', '+@all', '-@dangerous', '+info')).toEqual([]);
    expect(await redis.keys('rights:*')).toEqual([]);
  });
});

describe('the number of a database in the URL', () => {
  const numbered = (number: number): string => Object.assign(new URL(server.url), { pathname: `/${number}` }).href;

  test('is where the queues are', async () => {
    const queue = await open({ role: 'producer', url: numbered(3), namespace: 'third' }).queue('email');
    await queue.add('greet', {}, { jobId: 'greeted' });
    expect(await redis.exists('third:email:greeted')).toBe(0);
    await expect(queue.getJob('greeted')).resolves.toBeDefined();
  });

  test('that the server does not have is refused by the check, and no job goes into database 0 instead', async () => {
    const before = await redis.dbsize();
    const lost = vi.fn<(error: Error) => void>();
    const facts = new Facts();
    facts.on('engine.lost', ({ fields: { error } }) => lost(error));
    const producer = open({ role: 'producer', url: numbered(99), namespace: 'nowhere', facts });
    const refusal = { code: 'ENGINE_UNREACHABLE', message: expect.stringContaining('no database of the number') };
    await expect(producer.queue('email')).rejects.toMatchObject(refusal);
    // Also after several attempts, and told once.
    await expect(producer.queue('email')).rejects.toMatchObject(refusal);
    expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(refusal));
    const worker = open({ role: 'worker', url: numbered(99), namespace: 'nowhere' });
    await expect(worker.check()).rejects.toMatchObject({
      code: 'ENGINE_CHECK_FAILED',
      message: expect.stringContaining('0 to 15'),
    });
    expect(await redis.dbsize()).toBe(before);
  });

  test('also holds for reads that block: such a connection is never used', async () => {
    const reader = new BlockingRedis(numbered(99), { lazyConnect: true, protocol: 2, retryStrategy: () => 20 });
    const [ready, refused] = [vi.fn<() => void>(), vi.fn<(error: Error) => void>()];
    reader.on('ready', ready);
    reader.on('error', refused);
    insistOnDatabase(reader);
    reader.connect().catch(() => undefined);
    await vi.waitFor(() => expect(refused.mock.calls.length).toBeGreaterThan(2), PATIENT);
    reader.disconnect();
    expect(ready).not.toHaveBeenCalled();
  });
});
