import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { identify, track, trackBatch } from '../../jobs/index.ts';
import { Environment } from '../../src/config/index.ts';
import { validatePayload } from '../../src/contracts/index.ts';
import { runHandler } from '../../src/testing/index.ts';
import { freshDatabase } from '../../tests/support/engines.ts';
import { analyticsSink } from './analytics-sink.ts';
import { createHttpSink, createPostgresSink, recordBatch, recordIdentify, recordTrack } from './index.ts';

const timestamp = '2026-01-01T00:00:00.000Z';
const message = { messageId: 'm1', userId: 'u1', event: 'Signed Up', timestamp, properties: { plan: 'free' } };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

describe('events in PostgreSQL', () => {
  async function setup() {
    const database = await freshDatabase();
    cleanups.push(() => database.drop());
    const pool = new Pool({ connectionString: database.url, max: 2 });
    pool.on('error', () => undefined);
    cleanups.push(() => pool.end());
    const sink = createPostgresSink(pool);
    await sink.migrate?.();
    await sink.migrate?.();
    const rows = async () =>
      (
        await pool.query(
          'select message_id, type, user_id, event, properties, traits from shiftwork_analytics_events order by 1',
        )
      ).rows;
    return { sink, rows };
  }

  test('a job that runs twice leaves one row', async () => {
    const { sink, rows } = await setup();
    await runHandler(recordTrack, [message], { needs: { sink } });
    await runHandler(recordTrack, [{ ...message, event: 'Changed' }], { needs: { sink } });
    await runHandler(recordIdentify, [{ messageId: 'm2', userId: 'u1', timestamp, traits: { name: 'Ada' } }], {
      needs: { sink },
    });
    expect(await rows()).toEqual([
      {
        message_id: 'm1',
        type: 'track',
        user_id: 'u1',
        event: 'Signed Up',
        properties: { plan: 'free' },
        traits: null,
      },
      { message_id: 'm2', type: 'identify', user_id: 'u1', event: null, properties: null, traits: { name: 'Ada' } },
    ]);
  });

  test('of repeats within a chunk or before it the first is kept', async () => {
    const { sink, rows } = await setup();
    const messages = Array.from({ length: 300 }, (_, index) => ({
      ...message,
      messageId: `m${index % 200}`,
      event: `e${index}`,
    }));
    expect(await runHandler(recordTrack, messages, { needs: { sink } })).toMatchObject({ kind: 'succeeded' });
    await runHandler(recordTrack, messages.toReversed(), { needs: { sink } });
    const kept = await rows();
    expect(kept).toHaveLength(200);
    expect(kept.find(row => row.message_id === 'm0')).toMatchObject({ event: 'e0' });
  });

  test('a batch of 0.1 that still waits is kept as a chunk is', async () => {
    const { sink, rows } = await setup();
    const batch = [0, 1, 0].map(id => ({ type: 'track' as const, ...message, messageId: `m${id}` }));
    await runHandler(recordBatch, { batch }, { needs: { sink } });
    expect(await rows()).toHaveLength(2);
  });

  test('of what PostgreSQL can never store each is refused alone, without its data; the others are kept', async () => {
    const { sink, rows } = await setup();
    const good = [1, 3, 5].map(id => ({ type: 'track' as const, ...message, messageId: `m${id}` }));
    const bad = { type: 'track' as const, ...message, messageId: 'm2', timestamp: '0000-01-01T00:00:00Z' };
    const all = [...good, bad];
    const answers = (await sink.write(all, new AbortController().signal)) ?? [];
    expect(answers.map(answer => (answer === 'done' ? answer : answer.message))).toEqual([
      'done',
      'done',
      'done',
      'The database refused the data (22008).',
    ]);
    expect(answers[3]).toMatchObject({ failure: 'permanent' });
    expect(answers[3]).not.toHaveProperty('cause');
    expect(await rows()).toHaveLength(3);
  });

  test('text that looks like SQL stays text', async () => {
    const { sink, rows } = await setup();
    const event = `'); drop table shiftwork_analytics_events; --`;
    await runHandler(recordTrack, [{ ...message, event }], { needs: { sink } });
    expect(await rows()).toEqual([expect.objectContaining({ event })]);
  });
});

describe('events over HTTP', () => {
  test('go to the batch endpoint with the write key, as the Segment spec has them', async () => {
    const calls: { url: string | undefined; authorization: string | undefined; body: string }[] = [];
    const server: Server = createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      calls.push({ url: request.url, authorization: request.headers.authorization, body });
      response.end('{"success":true}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const sink = createHttpSink(new URL(`http://write-key@127.0.0.1:${port}`));
    const outcome = await runHandler(recordTrack, [message], { needs: { sink } });
    expect(outcome.kind).toBe('succeeded');
    expect(calls[0]).toMatchObject({
      url: '/v1/batch',
      authorization: `Basic ${Buffer.from('write-key:').toString('base64')}`,
    });
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({ batch: [{ type: 'track', ...message }] });
  });
});

test.each([
  ['http://key@HOST', '/v1/batch', 'key:'],
  ['http://key@HOST/', '/v1/batch', 'key:'],
  ['http://k%40y:p%C3%A4ss%25@HOST/own/path', '/own/path', 'k@y:päss%'],
  ['http://:pass@HOST/?source=a%20b&source=c', '/v1/batch?source=a%20b&source=c', ':pass'],
  ['http://HOST/own?key=1', '/own?key=1', undefined],
])('ANALYTICS_URL %s is called as it says', async (address, path, credentials) => {
  const calls: unknown[] = [];
  const server = createServer((request, response) => {
    calls.push([request.url, request.headers.authorization]);
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const environment = new Environment({ ANALYTICS_URL: address.replace('HOST', `127.0.0.1:${port}`) });
  const url = environment.url('ANALYTICS_URL', { protocols: ['http:', 'https:'] });
  if (url === undefined) throw new Error(environment.problems.join());
  await createHttpSink(url).write([{ type: 'track', ...message }], new AbortController().signal);
  expect(calls).toEqual([[path, credentials && `Basic ${Buffer.from(credentials).toString('base64')}`]]);
});

describe('where events go', () => {
  const configure = (variables: Record<string, string>) => {
    const environment = new Environment(variables);
    const also: string[] = [];
    analyticsSink.configure(environment, { neededBy: 'job "track"', also: resource => also.push(resource.name) });
    return { problems: environment.problems, also };
  };

  test('ANALYTICS_URL wins; the database is the fallback; neither is refused by name', () => {
    expect(configure({ ANALYTICS_URL: 'https://sink.example' })).toEqual({ problems: [], also: [] });
    expect(configure({ DATABASE_URL: 'postgres://x' })).toEqual({ problems: [], also: ['database'] });
    expect(configure({}).problems.join()).toContain('job "track"');
  });
});

describe('the contracts', () => {
  test.each([
    ['nobody', { messageId: 'm', event: 'e', timestamp }, 'userId'],
    ['a date of its own form', { ...message, timestamp: 'yesterday' }, 'timestamp'],
    ['the year 0', { ...message, timestamp: '0000-06-01T00:00:00Z' }, 'timestamp'],
    ['a time before the year 1', { ...message, timestamp: '0001-01-01T00:00:00+01:00' }, 'timestamp'],
    ['a time after the year 9999', { ...message, timestamp: '9999-12-31T23:59:59-01:00' }, 'timestamp'],
    ['an offset that PostgreSQL does not read', { ...message, timestamp: '2026-01-01T00:00:00-16:00' }, 'timestamp'],
    ['a number that JSON cannot hold', { ...message, properties: { n: Number.NaN } }, 'properties'],
    ['a prototype key', { ...message, properties: JSON.parse('{"a":{"__proto__":1}}') }, 'properties'],
    ['a deep nest', { ...message, properties: nested(40) }, 'properties'],
    ['an unknown field', { ...message, admin: true }, 'admin'],
  ])('refuse %s', (_case, data, named) => {
    expect(() => validatePayload(track, { items: [message, data] })).toThrow(new RegExp(`items\\.1.*${named}`));
  });

  test('take the first and the last time that PostgreSQL reads, with any offset that it reads', () => {
    for (const each of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '2026-01-01T00:00:00-15:59', timestamp])
      expect(() => validatePayload(track, { items: [{ ...message, timestamp: each }] })).not.toThrow();
  });

  test('read an event that 0.1 has queued, before there were chunks', () => {
    expect(validatePayload(track, message)).toEqual({ items: [message] });
  });

  test('read their own JSON back', () => {
    for (const [contract, data] of [
      [track, { items: [message] }],
      [identify, { items: [{ messageId: 'm2', anonymousId: 'a1', timestamp }] }],
      [trackBatch, { batch: [{ type: 'track', ...message }] }],
    ] as const) {
      const back: unknown = JSON.parse(JSON.stringify(data));
      expect(validatePayload(contract, back)).toEqual(data);
    }
  });
});

function nested(levels: number): unknown {
  return levels === 0 ? 1 : { in: nested(levels - 1) };
}
