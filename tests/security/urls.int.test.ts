import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { escapeLiteral, Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { Environment } from '../../src/config/index.ts';
import { openEngine } from '../../src/engine/index.ts';
import { RabbitLink } from '../../src/events/transports/rabbitmq/rabbit-link.ts';
import { Facts } from '../../src/facts/index.ts';
import { database } from '../../workers/index.ts';
import { startProcess } from '../support/child-process.ts';
import { freshDatabase, namespace, redisUrl } from '../support/engines.ts';
import { program } from '../support/programs.ts';
import { startRawServer } from '../support/raw-server.ts';

const WORKER = program('workers/main.ts');
const CLI = program('src/cli/main.ts');
const DASHBOARD = program('dashboard/main.ts');

/** What an address says is what is done, with any password: tried on the servers themselves. */

/** Every printable ASCII character, and some that are more than one byte. */
const PASSWORD = `${String.fromCharCode(...Array.from({ length: 95 }, (_, index) => index + 32))}äß€語😀`;
const ENCODED = encodeURIComponent(PASSWORD);

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function reached(url: string): Promise<boolean> {
  const engine = openEngine({ url, role: 'producer' });
  try {
    await engine.check();
    return true;
  } finally {
    await engine.close();
  }
}

function withUser(text: string, user: string, password: string): string {
  return text.replace(/^(\w+:\/\/)(?:[^@]*@)?/, `$1${user}:${password}@`);
}

describe('a password of any characters', () => {
  test('opens Redis', async () => {
    const user = namespace();
    const admin = new Redis(redisUrl());
    cleanups.push(() => admin.quit());
    await admin.call('ACL', 'SETUSER', user, 'on', `>${PASSWORD}`, '~*', '&*', '+@all');
    cleanups.push(() => admin.call('ACL', 'DELUSER', user));
    await expect(reached(withUser(redisUrl(), user, ENCODED))).resolves.toBe(true);
    await expect(reached(withUser(redisUrl(), user, `${ENCODED}x`))).rejects.toThrow('the credentials were refused');
  });

  test('opens PostgreSQL, for the engine and for the handlers', async () => {
    const user = namespace();
    const fixture = await freshDatabase();
    cleanups.push(() => fixture.drop());
    const admin = new Pool({ connectionString: fixture.url, max: 1 });
    cleanups.push(() => admin.end());
    await admin.query(`create role ${user} login superuser password ${escapeLiteral(PASSWORD)}`);
    cleanups.push(() => admin.query(`drop role ${user}`));
    const url = withUser(fixture.url, user, ENCODED);
    await expect(reached(url)).resolves.toBe(true);
    await expect(reached(withUser(fixture.url, user, `${ENCODED}x`))).rejects.toThrow('the credentials were refused');
    const environment = new Environment({ DATABASE_URL: url });
    const context = { facts: new Facts(), use: () => Promise.reject(new Error('nothing else')) };
    const pool = await database.configure(environment, { neededBy: 'a test', also: () => undefined }).open(context);
    const { rows } = await pool.value.query('select current_user as name');
    await pool.close();
    expect(rows).toEqual([{ name: user }]);
  });

  test('opens RabbitMQ, whose library would make another of it', async () => {
    const start = Buffer.from('000a000a00090000000000000005504c41494e00000005656e5f5553', 'hex');
    const frame = Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, start.length]), start, Buffer.from([0xce])]);
    const said = Promise.withResolvers<Buffer>();
    const server = await startRawServer(socket => {
      socket.once('data', () => {
        socket.write(frame);
        socket.once('data', (answer: Buffer) => {
          said.resolve(answer);
          socket.destroy();
        });
      });
    });
    cleanups.push(() => server.stop());
    const link = new RabbitLink('rabbitmq', `amqp://us%C3%A9r:${ENCODED}@${server.host}`, 'test');
    cleanups.push(() => link.close(0));
    link.connection('a test').catch(() => undefined);
    expect((await said.promise).includes(`\0usér\0${PASSWORD}`)).toBe(true);
  });
});

test('each variable with a faulty address is named, its password is not, and nothing is started', async () => {
  const addresses = {
    REDIS_URL: 'redis://u:hunter2%off@host',
    DATABASE_URL: 'postgres://u:hunter2%off@host/db',
    RABBITMQ_URL: 'amqp://u:hunter2%off@host',
    SMTP_URL: 'smtp://u:hunter2%off@host',
    ANALYTICS_URL: 'https://hunter2%off@host',
    ALERT_WEBHOOK_URL: 'https://u:hunter2@host',
    APP_URL: 'https://u:hunter2%off@host',
  };
  const programs = [
    [WORKER, [], 2, Object.keys(addresses)],
    [CLI, ['check'], 1, Object.keys(addresses)],
    [CLI, ['relay'], 2, ['REDIS_URL', 'DATABASE_URL', 'RABBITMQ_URL']],
    [DASHBOARD, [], 2, ['REDIS_URL', 'DATABASE_URL']],
  ] as const;
  await Promise.all(
    programs.map(async ([file, args, code, names]) => {
      const { lines, ended } = startProcess(file, { args, env: addresses });
      expect(await ended).toBe(code);
      const said = lines.join('\n');
      expect(names.filter(name => !said.includes(`Expected ${name} `))).toEqual([]);
      expect(said).not.toMatch(/hunter2|URI malformed/);
    }),
  );
});

test('TLS that is given up for a password is warned about by the start and by check', async () => {
  const env = {
    REDIS_URL: 'redis://127.0.0.1:1',
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
    SMTP_URL: 'smtp://u:hunter2@mail.example?tls=never',
    MAIL_FROM: 'shop@shop.example',
    WORKER_QUEUES: 'email',
    WORKER_PROCESSES: '1',
  };
  const checking = startProcess(CLI, { args: ['check'], env });
  const working = startProcess(WORKER, { env });
  // A built app beside the source is warned about as well, first.
  await checking.line(/^warning .*SMTP_URL says tls=never/);
  await working.line(/config\.warning.*SMTP_URL says tls=never/);
  working.kill('SIGTERM');
  expect(await working.ended).toBe(0);
  expect([...checking.lines, ...working.lines].join('\n')).not.toContain('hunter2');
});

describe('the socket of a PostgreSQL', () => {
  /** Beside the server of the tests, which listens on none. */
  async function socketTo(url: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'shiftwork-socket-'));
    const server: Server = createServer(client => {
      const upstream = connectTo(Number(new URL(url).port), '127.0.0.1');
      client.pipe(upstream).pipe(client);
      for (const each of [client, upstream]) each.on('error', () => each.destroy());
    });
    server.listen(join(folder, '.s.PGSQL.5432'));
    await once(server, 'listening');
    cleanups.push(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    return folder;
  }

  test.each([
    ['in a parameter', (user: string, path: string, folder: string) => `postgres://${user}@${path}?host=${folder}`],
    [
      'in a parameter, beside a host that is not asked',
      (user: string, path: string, folder: string) => `postgresql://${user}@nowhere.invalid${path}?host=${folder}`,
    ],
    [
      "in the host's place",
      (user: string, path: string, folder: string) => `postgres://${user}@${encodeURIComponent(folder)}${path}`,
    ],
  ])('%s', async (_case, write) => {
    const fixture = await freshDatabase();
    cleanups.push(() => fixture.drop());
    const { username, password, pathname } = new URL(fixture.url);
    const url = write(`${username}:${password}`, pathname, await socketTo(fixture.url));
    const environment = new Environment({ DATABASE_URL: url });
    const read = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] });
    expect(environment.problems).toEqual([]);
    await expect(reached(url)).resolves.toBe(true);
    await expect(reached(read?.href ?? '')).resolves.toBe(true);
  });
});
