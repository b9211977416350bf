import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { monitorRedis } from '../../tests/support/redis-monitor.ts';
import { startRedis, type RedisServer } from '../../tests/support/redis-server.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import type { AnyJobContract, App } from '../contracts/index.ts';
import { adopt } from './index.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

let server: RedisServer;
let redis: Redis;
let readerUrl: string;
const folders: string[] = [];

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  await redis.acl('SETUSER', 'reader', 'on', '>secret', '~*', '+@read');
  readerUrl = server.url.replace('redis://', 'redis://reader:secret@');
  await fillQueues();
});

afterAll(async () => {
  redis.disconnect();
  await server.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Jobs in every state, of two names and one that comes from data; a scheduler, a flow, and a queue of Bull. */
async function fillQueues(): Promise<void> {
  const connection = { url: server.url };
  const mail = new Queue('mail', { connection });
  const retry = { attempts: 3, backoff: { type: 'exponential', delay: 1_000 } };
  for (const name of ['Ada', 'Bob']) await mail.add('sendMail', { to: `${name}@example.com`, body: { name } }, retry);
  await mail.add('sendMail', { to: 'eve@example.com', body: {}, cc: ['x@example.com'] }, { ...retry, delay: 60_000 });
  await mail.add('digest', { week: 7 }, { priority: 3 });
  await mail.add('remind-48213', { at: 1 }, { delay: 60_000 });
  await mail.upsertJobScheduler(
    'nightly',
    { pattern: '0 3 * * *', tz: 'Europe/Paris' },
    { name: 'digest', data: { week: 1 } },
  );
  await mail.upsertJobScheduler('bare', { every: 3_600_000 }, { name: 'digest' });
  const failing = new Queue('reports', { connection, prefix: 'acme' });
  await failing.add('build', { rows: 3 });
  const worker = new Worker('reports', () => Promise.reject(new Error('no')), { connection, prefix: 'acme' });
  await waitFor('the report to fail', async () => (await failing.getFailedCount()) === 1);
  await worker.close();
  const spaced = new Queue('Video Jobs', { connection });
  await spaced.add('resize', { width: 10 });
  const flow = new FlowProducer({ connection });
  await flow.add({ name: 'album', queueName: 'photos', children: [{ name: 'resize', queueName: 'photos' }] });
  await Promise.all([mail.close(), failing.close(), spaced.close(), flow.close()]);
  await redis.set('bull:old:id', '1');
  await redis.hset('bull:old:1', { name: '__default__', data: '{"a":1}', opts: '{"attempts":1}' });
  await redis.lpush('bull:old:wait', '1');
}

interface Answer {
  readonly code: number;
  readonly printed: string;
  readonly complaints: string;
  readonly folder: string;
}

async function run(url: string, ...options: readonly string[]): Promise<Answer> {
  mkdirSync(join(ROOT, '.shiftwork'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.shiftwork/adopt-'));
  folders.push(folder);
  const lines: string[] = [];
  const complaints: string[] = [];
  const code = await adopt.run([url, '--out', folder, ...options], {
    variables: {},
    print: line => void lines.push(line),
    complain: line => void complaints.push(line),
    readInput: () => Promise.resolve(''),
    readSecret: () => Promise.resolve(''),
  });
  return { code, printed: lines.join('\n'), complaints: complaints.join('\n'), folder };
}

/** The contracts that were written, loaded against this source. */
async function contractsOf(folder: string, file = 'shiftwork.config.ts'): Promise<ReadonlyMap<string, AnyJobContract>> {
  for (const file of readdirSync(join(folder, 'jobs'))) {
    const path = join(folder, 'jobs', file);
    const text = readFileSync(path, 'utf8').replace("'shiftwork'", `'${pathToFileURL(`${ROOT}src/index.ts`).href}'`);
    writeFileSync(path, text);
  }
  const config = join(folder, file);
  const text = readFileSync(config, 'utf8').replace("'shiftwork'", `'${pathToFileURL(`${ROOT}src/index.ts`).href}'`);
  writeFileSync(config, text);
  const { default: app } = (await import(pathToFileURL(config).href)) as { readonly default: App };
  return new Map([...app.jobs.values()].map(contract => [contract.name, contract]));
}

describe('a user who may only read', () => {
  test('gets contracts that take the jobs of the queues, and no value of any of them is written', async () => {
    const { code, folder, printed } = await run(readerUrl);
    expect(code).toBe(0);
    expect(printed).toContain('REPORT.md');
    const texts = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    for (const text of texts) expect(text).not.toMatch(/\b(Ada|Bob|eve)\b|48213|secret/);

    const contracts = await contractsOf(folder);
    expect([...contracts.keys()].sort()).toEqual(['__default__', 'album', 'build', 'digest', 'resize', 'sendMail']);
    const sendMail = contracts.get('sendMail');
    expect(sendMail?.queue).toBe('mail');
    expect(sendMail?.retry.attempts).toBe(3);
    expect(sendMail?.schema['~standard'].validate({ to: 'x', body: {} })).not.toHaveProperty('issues');
    expect(sendMail?.schema['~standard'].validate({ to: 1, body: {} })).toHaveProperty('issues');
  });

  test('gets a report that says what will differ', async () => {
    const { folder } = await run(readerUrl);
    const report = readFileSync(join(folder, 'REPORT.md'), 'utf8');
    expect(report).toContain('How many workers are connected is not known');
    expect(report).toMatch(/## mail[^]*written by BullMQ 6[^]*Job `sendMail`: 3, of them 1 delayed/);
    expect(report).toContain('1 job name came from data (1 job)');
    expect(report).toContain('0 3 * * * Europe/Paris');
    expect(report).toContain('1 scheduler without data of their own');
    expect(report).toContain('set SHIFTWORK_NAMESPACE=acme');
    expect(report).toMatch(/## photos[^]*1 waiting-children[^]*flows go on/);
    expect(report).toMatch(/## old[^]*written by Bull\n[^]*older than BullMQ 5[^]*new queue `old-2`/);
    expect((await contractsOf(folder)).get('__default__')?.queue).toBe('old-2');
  });
});

test('a queue that a contract cannot name gets contracts of a new one, one with names of another an app of its own', async () => {
  const { folder } = await run(readerUrl, '--prefix', 'bull');
  const report = readFileSync(join(folder, 'REPORT.md'), 'utf8');
  expect(report).toMatch(/## Video Jobs[^]*Make the new queue `Video-Jobs`/);
  expect(report).toMatch(/have these names, too: `resize`[^]*`shiftwork\.Video-Jobs\.config\.ts`/);
  expect([...(await contractsOf(folder)).keys()].sort()).toEqual([
    '__default__',
    'album',
    'digest',
    'resize',
    'sendMail',
  ]);
  const own = await contractsOf(folder, 'shiftwork.Video-Jobs.config.ts');
  expect([...own.values()].map(({ name, queue }) => `${queue} ${name}`)).toEqual(['Video-Jobs resize']);
});

describe('a queue that no Queue wrote its version into', () => {
  test('is used as it is where flows of BullMQ 5 or newer filled it, whether its jobs ran or wait', async () => {
    const connection = { url: `${server.url}/5` };
    const flow = new FlowProducer({ connection });
    const worker = new Worker('pages', () => Promise.resolve(), { connection });
    const [done] = await Promise.all([
      new Promise(resolve => void worker.once('completed', resolve)),
      flow.add({ name: 'book', queueName: 'books', children: [{ name: 'print', queueName: 'pages' }] }),
    ]);
    expect(done).toHaveProperty('name', 'print');
    await flow.add({ name: 'shelf', queueName: 'shelves', children: [{ name: 'order', queueName: 'pages' }] });
    await waitFor('the second to be ordered', () =>
      redisAt(5, client => client.zcard('bull:pages:completed').then(count => count === 2)),
    );
    await Promise.all([worker.close(), flow.close()]);
    // A worker that waits for jobs takes the marker away.
    await redisAt(5, client => client.del('bull:books:marker', 'bull:pages:marker', 'bull:shelves:marker'));
    const { folder } = await run(`${server.url}/5`);
    const contracts = [...(await contractsOf(folder)).values()].map(({ queue, name }) => `${queue} ${name}`);
    expect(contracts.toSorted()).toEqual(['books book', 'pages order', 'pages print', 'shelves shelf']);
  });

  test('is not used where BullMQ 4 has run its jobs, nor where nothing tells', async () => {
    await redisAt(6, async client => {
      await client.hset('bull:ran:meta', 'opts.maxLenEvents', '10000');
      await client.hset('bull:ran:1', { name: 'sort', data: '{}', opts: '{}', attemptsMade: '1' });
      await client.zadd('bull:ran:completed', 1, '1');
      await client.hset('bull:silent:meta', 'opts.maxLenEvents', '10000');
      await client.hset('bull:silent:1', { name: 'wait', data: '{}', opts: '{}' });
      await client.zadd('bull:silent:waiting-children', 1, '1');
    });
    const { folder } = await run(`${server.url}/6`);
    const report = readFileSync(join(folder, 'REPORT.md'), 'utf8');
    expect(report).toMatch(/## ran[^]*written by BullMQ 4 or older[^]*is older than BullMQ 5[^]*new queue `ran-2`/);
    expect(report).toMatch(/## silent[^]*a version that nothing here tells[^]*may be older[^]*new queue `silent-2`/);
  });
});

async function redisAt<Answer>(database: number, ask: (client: Redis) => Promise<Answer>): Promise<Answer> {
  const client = new Redis(`${server.url}/${database}`);
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

test('no command that it sends writes', async () => {
  const { commands: sent, stop } = await monitorRedis(server.url);
  try {
    await run(readerUrl);
  } finally {
    await stop();
  }
  const names = new Set(sent.map(([name = '']) => name.toLowerCase()));
  const reads = ['get', 'scan', 'type', 'hmget', 'llen', 'zcard', 'lrange', 'zrange', 'hstrlen'];
  expect([...names].filter(name => !['auth', 'client', ...reads].includes(name))).toEqual([]);
});

test('one that may list connections counts the workers of each queue', async () => {
  const worker = new Worker('photos', null, { connection: { url: server.url } });
  try {
    await worker.waitUntilReady();
    const { folder } = await run(server.url, '--queue', 'photos');
    expect(readFileSync(join(folder, 'REPORT.md'), 'utf8')).toContain('Workers connected: 1');
  } finally {
    await worker.close();
  }
});

test('--json tells what was found, without any value', async () => {
  const { printed } = await run(readerUrl, '--json', '--prefix', 'acme');
  const { queues } = JSON.parse(printed) as { readonly queues: readonly object[] };
  expect(queues).toMatchObject([{ name: 'reports', prefix: 'acme', looked: 1, counts: { failed: 1 } }]);
  expect(printed).not.toContain('"data"');
});

test('many jobs cost no more than few: what is sent and what is held depend on the sample', async () => {
  const jobs = 20_000;
  const big = `${server.url}/4`;
  const client = new Redis(`${server.url}/4`);
  await client.hset('bull:many:meta', { 'opts.maxLenEvents': '10000', version: 'bullmq:5.81.5' });
  for (let from = 0; from < jobs; from += 5_000) {
    const ids = Array.from({ length: 5_000 }, (_, index) => String(from + index));
    const pipeline = client.pipeline().lpush('bull:many:wait', ...ids);
    for (const id of ids) pipeline.hset(`bull:many:${id}`, { name: 'send', data: '{"to":"x"}', opts: '{}' });
    await pipeline.exec();
  }
  const { commands: sent, stop } = await monitorRedis(server.url);
  let folder;
  try {
    ({ folder } = await run(big, '--sample', '100'));
  } finally {
    await stop();
    client.disconnect();
  }
  expect(readFileSync(join(folder, 'REPORT.md'), 'utf8')).toContain('Job `send`');
  const times = new Map(
    [...Map.groupBy(sent, ([name = '']) => name.toLowerCase())].map(([name, all]) => [name, all.length]),
  );
  expect(times.get('hmget')).toBeLessThanOrEqual(101);
  // 1,000 keys a call; Redis may look at more of a table that grows.
  expect(times.get('scan')).toBeLessThanOrEqual(jobs / 1_000 + 20);
  expect(sent.length).toBeLessThan(300);
});

describe('nothing is written', () => {
  test.each([
    ['where no queue has the prefix', ['--prefix', 'other'], /found none/],
    ['where no queue has the name', ['--queue', 'other'], /found none/],
  ])('%s', async (_, options, complaint) => {
    const { code, complaints, folder } = await run(readerUrl, ...options);
    expect(code).toBe(1);
    expect(complaints).toMatch(complaint);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('where only others keep something, under names such as BullMQ and Bull have', async () => {
    const others = `${server.url}/3`;
    await redis.select(3);
    await redis.set('app:user:id', 'u-7');
    await redis.hset('blog:post:meta', { title: 'a post' });
    await redis.select(0);
    const { code, complaints } = await run(others);
    expect(code).toBe(1);
    expect(complaints).toMatch(/found none/);
  });

  test('where the user lacks a right, and the right is named', async () => {
    await redis.acl('SETUSER', 'blind', 'on', '>secret', '~*', '+scan');
    const { code, complaints } = await run(server.url.replace('redis://', 'redis://blind:secret@'));
    expect(code).toBe(1);
    expect(complaints).toMatch(/NOPERM.*\+@read.*Nothing was written/);
  });

  test('where the user may not choose the database that the address names: database 0 is not read in its place', async () => {
    const { code, complaints, folder } = await run(`${readerUrl}/3`);
    expect(code).toBe(1);
    expect(complaints).toMatch(/NOPERM.*\+select.*Nothing was written/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('where nobody answers', async () => {
    const { code, complaints } = await run('redis://127.0.0.1:1');
    expect(code).toBe(1);
    expect(complaints).toMatch(/Could not read 127.0.0.1:1/);
  });

  test('into a folder that holds anything', async () => {
    const { folder } = await run(readerUrl, '--queue', 'mail');
    await expect(
      adopt.run([readerUrl, '--out', folder], {
        variables: {},
        print: () => undefined,
        complain: () => undefined,
        readInput: () => Promise.resolve(''),
        readSecret: () => Promise.resolve(''),
      }),
    ).rejects.toThrow('Expected --out to be an empty folder');
  });
});
