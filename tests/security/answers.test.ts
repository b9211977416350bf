import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import webPush from 'web-push';
import { DeliveryError, type FailureKind } from '../../src/resilience/index.ts';
import { createHttpSink } from '../../workers/analytics/index.ts';
import { post } from '../../workers/http/index.ts';
import { createPushSender, createWebhookSender } from '../../workers/notification/index.ts';
import { startRawServer, type Act, type RawServer } from '../support/raw-server.ts';

/** Everything that a far side can make of its answer, and what each client must make of that. */

type Client = (host: string, signal: AbortSignal) => Promise<unknown>;

const SECRET = `whsec_${Buffer.from('a secret of twenty-four!').toString('base64')}`;
const vapid = { subject: 'mailto:ops@example.com', ...webPush.generateVAPIDKeys() };
const keys = { p256dh: webPush.generateVAPIDKeys().publicKey, auth: Buffer.alloc(16, 7).toString('base64url') };

const CLIENTS: readonly (readonly [string, Client])[] = [
  [
    'webhook',
    (host, signal) =>
      createWebhookSender(SECRET, new Set([host])).send(
        { url: `http://${host}/hook`, eventType: 'a.b', payload: {}, id: 'i', occurredAt: new Date(0) },
        signal,
      ),
  ],
  [
    'web push',
    (host, signal) =>
      createPushSender(vapid, new Set([host])).send(
        {
          subscription: { endpoint: `http://${host}/push`, keys },
          notification: { title: 'a', body: '' },
          ttl: 60,
        },
        signal,
      ),
  ],
  [
    'analytics',
    (host, signal) =>
      createHttpSink(new URL(`http://write-key@${host}`)).write(
        [{ type: 'track', messageId: 'm', userId: 'u', timestamp: '2026-01-01T00:00:00.000Z' }],
        signal,
      ),
  ],
];

type Expected =
  | { readonly failure: 'none' }
  | { readonly failure: FailureKind; readonly status?: number; readonly retryAfterMs?: number };
const delivered: Expected = { failure: 'none' };
const transient: Expected = { failure: 'transient' };
const permanent = (status: number): Expected => ({ failure: 'permanent', status });
const later = (status: number, retryAfterMs?: number): Expected => ({
  failure: 'transient',
  status,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});

type Then = 'silence' | 'end' | 'reset';

/** Says the bytes as soon as something is asked. */
const says =
  (bytes: string | Buffer, then: Then = 'silence'): Act =>
  socket => {
    socket.once('data', () => {
      socket.write(bytes, () => {
        if (then === 'end') socket.end();
        if (then === 'reset') socket.resetAndDestroy();
      });
      socket.resume();
    });
  };

/** Goes on for ever, as fast as it is read or a bit at a time. */
const goesOn =
  (first: string, again: string, pace: 'flood' | 'drip'): Act =>
  socket => {
    socket.once('data', () => {
      socket.resume();
      socket.write(first);
      if (pace === 'drip') {
        const drip = setInterval(() => socket.write(again), 10);
        socket.once('close', () => clearInterval(drip));
      } else flood(socket, again.repeat(Math.ceil(16_384 / again.length)));
    });
  };

function flood(socket: Socket, piece: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

const OK = 'HTTP/1.1 200 OK\r\n';
const whole = (status: string, headers = '', body = ''): string =>
  `HTTP/1.1 ${status}\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`;

const ANSWERS: readonly (readonly [string, Act, Expected])[] = [
  // It turns into something else.
  [
    '101 with Upgrade',
    says(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`),
    permanent(101),
  ],
  [
    '101 with Upgrade and bytes of it',
    says(`HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n\0\0\0\x04`),
    permanent(101),
  ],
  [
    '101 with Upgrade, then the end',
    says(`HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n`, 'end'),
    permanent(101),
  ],
  ['101 without Upgrade', says('HTTP/1.1 101 x\r\n\r\n'), permanent(101)],
  [
    '101 after 100',
    says('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    permanent(101),
  ],
  [
    '200 that speaks of an upgrade',
    says(`${OK}Connection: Upgrade\r\nUpgrade: h2c\r\ncontent-length: 0\r\n\r\n`),
    delivered,
  ],
  ['the preface of HTTP/2', says('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), transient],
  ['a frame of HTTP/2', says(Buffer.from('00000c040000000000000400100000', 'hex')), transient],
  ['HTTP/2 in words', says('HTTP/2 200\r\n\r\n', 'end'), transient],
  ['a request of its own', says('GET / HTTP/1.1\r\nhost: x\r\n\r\n'), transient],
  ['a CONNECT of its own', says('CONNECT x:443 HTTP/1.1\r\n\r\n'), transient],
  ['an alert of TLS', says(Buffer.from('15030300020228', 'hex'), 'end'), transient],
  ['the greeting of SSH', says('SSH-2.0-OpenSSH_9.6\r\n'), transient],
  ['the greeting of SMTP', says('220 mail.example ESMTP\r\n'), transient],
  ['HTTP/0.9: a body alone', says('<html>hello</html>', 'end'), transient],
  ['zeroes', says(Buffer.alloc(4_096)), transient],
  // Only announcements.
  ['100 Continue as fast as it can', goesOn('', 'HTTP/1.1 100 Continue\r\n\r\n', 'flood'), transient],
  ['103 with headers, as fast as it can', goesOn('', 'HTTP/1.1 103 x\r\nlink: </a>\r\n\r\n', 'flood'), transient],
  ['103, then 200', says(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${whole('200 OK')}`), delivered],
  ['100, then 503', says(`HTTP/1.1 100 Continue\r\n\r\n${whole('503 x', 'retry-after: 7\r\n')}`), later(503, 7_000)],
  // It stops somewhere.
  ['the end before anything is asked', socket => void socket.resume().end(), transient],
  ['a reset before anything is asked', socket => void socket.resetAndDestroy(), transient],
  ['the end', says('', 'end'), transient],
  ['a reset', says('', 'reset'), transient],
  ['half a status line and the end', says('HTTP/1.1 20', 'end'), transient],
  ['half a status line and a reset', says('HTTP/1.1 20', 'reset'), transient],
  ['a status, no header and the end', says(OK, 'end'), transient],
  ['half the headers and the end', says(`${OK}content-length: 2\r\ncontent-`, 'end'), transient],
  ['half a body and the end', says(`${OK}content-length: 10\r\n\r\nhello`, 'end'), transient],
  ['half a body and a reset', says(`${OK}content-length: 10\r\n\r\nhello`, 'reset'), transient],
  ['chunks cut short', says(`${OK}transfer-encoding: chunked\r\n\r\n5\r\nhel`, 'end'), transient],
  [
    'a failure with half a body and silence',
    says('HTTP/1.1 503 x\r\nretry-after: 7\r\ncontent-length: 9\r\n\r\nhel'),
    later(503, 7_000),
  ],
  [
    'a refusal with half a body and a reset',
    says('HTTP/1.1 422 x\r\ncontent-length: 9\r\n\r\nhel', 'reset'),
    permanent(422),
  ],
  ['a refusal with a body one byte at a time', goesOn('HTTP/1.1 422 x\r\n\r\n', '.', 'drip'), permanent(422)],
  // It does not count rightly.
  ['a body longer than it says', says(`${OK}content-length: 2\r\n\r\nhello and more`), delivered],
  ['a second answer', says(`${whole('200 OK')}${whole('500 x')}`), delivered],
  ['204 with a body', says('HTTP/1.1 204 x\r\ncontent-length: 5\r\n\r\nhello'), delivered],
  ['204 with chunks', says('HTTP/1.1 204 x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello'), delivered],
  ['205 with a body', says(whole('205 x', '', 'hello')), delivered],
  ['304 with a body', says('HTTP/1.1 304 x\r\ncontent-length: 5\r\n\r\nhello'), permanent(304)],
  ['a negative length', says(`${OK}content-length: -1\r\n\r\n`), transient],
  ['a length in words', says(`${OK}content-length: two\r\n\r\n`), transient],
  ['two lengths', says(`${OK}content-length: 2\r\ncontent-length: 5\r\n\r\nhello`), transient],
  ['a length and chunks', says(`${OK}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`), transient],
  ['a chunk of a size in words', says(`${OK}transfer-encoding: chunked\r\n\r\nhello\r\n`), transient],
  ['a chunk of a negative size', says(`${OK}transfer-encoding: chunked\r\n\r\n-5\r\nhello\r\n`), transient],
  [
    'a chunk of a size beyond counting',
    says(`${OK}transfer-encoding: chunked\r\n\r\nfffffffffffffffffff\r\n`),
    transient,
  ],
  ['a chunk with an endless extension', goesOn(`${OK}transfer-encoding: chunked\r\n\r\n5;a=`, 'a', 'flood'), transient],
  ['endless trailers', goesOn(`${OK}transfer-encoding: chunked\r\n\r\n0\r\n`, 'a: b\r\n', 'flood'), transient],
  ['chunks with trailers', says(`${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\na: b\r\n\r\n`), delivered],
  // It is large.
  ['an endless body', goesOn(`${OK}\r\n`, '.', 'flood'), delivered],
  [
    'a body that says a terabyte, and begins',
    goesOn(`${OK}content-length: 1099511627776\r\n\r\n`, '.', 'flood'),
    delivered,
  ],
  [
    'a gzip bomb',
    says(
      Buffer.concat([Buffer.from(`${OK}content-encoding: gzip\r\n\r\n`), gzipSync(Buffer.alloc(20_000_000))]),
      'end',
    ),
    delivered,
  ],
  ['gzip that is none', says(whole('200 OK', 'content-encoding: gzip\r\n', 'hello')), delivered],
  ['a status line without end', goesOn('HTTP/1.1 200 ', 'OK', 'flood'), transient],
  ['a header without end', goesOn(`${OK}a: `, 'a', 'flood'), transient],
  ['headers without end', goesOn(OK, 'a: b\r\n', 'flood'), transient],
  // A status that is none.
  ['status 999', says(whole('999 x')), later(999)],
  ['status 600', says(whole('600 x')), later(600)],
  ['status 000', says(whole('000 x')), later(0)],
  ['status 099', says(whole('099 x')), later(99)],
  ['status 20', says('HTTP/1.1 20 x\r\n\r\n', 'end'), transient],
  ['status 2000', says('HTTP/1.1 2000 x\r\n\r\n', 'end'), transient],
  ['status -200', says('HTTP/1.1 -200 x\r\n\r\n', 'end'), transient],
  ['a status in words', says('HTTP/1.1 OK\r\n\r\n', 'end'), transient],
  // What it may say.
  ['HTTP/1.0 until the end', says('HTTP/1.0 200 OK\r\n\r\nhello', 'end'), delivered],
  ['200 and a connection that is kept', says(whole('200 OK', 'connection: keep-alive\r\n')), delivered],
  ['200 with a Location', says(whole('200 OK', 'location: http://127.0.0.1/\r\n')), delivered],
  ['202', says(whole('202 x')), delivered],
  ['299', says(whole('299 x')), delivered],
  ['401', says(whole('401 x', 'www-authenticate: Basic\r\n')), permanent(401)],
  ['407', says(whole('407 x', 'proxy-authenticate: Basic\r\n')), permanent(407)],
  ['417', says(whole('417 x')), permanent(417)],
  ['426', says(whole('426 x', 'upgrade: h2c\r\nconnection: upgrade\r\n')), permanent(426)],
];

/** What only a limit ends: here that of the run. */
const ENDLESS: readonly (readonly [string, Act])[] = [
  ['100 Continue and silence', says('HTTP/1.1 100 Continue\r\n\r\n')],
  ['100 Continue in three parts', goesOn('HTTP/1.1 100', ' ', 'drip')],
  ['silence', says('')],
  ['half a status line and silence', says('HTTP/1.1 20')],
  ['a status and no header', says(OK)],
  ['half the headers and silence', says(`${OK}content-length: 2\r\ncontent-`)],
  ['headers one byte at a time', goesOn(OK, 'a', 'drip')],
  ['half a body and silence', says(`${OK}content-length: 10\r\n\r\nhello`)],
  ['chunks that never end', says(`${OK}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n`)],
  ['a body one byte at a time', goesOn(`${OK}\r\n`, '.', 'drip')],
];

const REDIRECTS = [
  'http://PRIVATE/',
  'https://PRIVATE/',
  '//PRIVATE/',
  '/again',
  'http://[::1]:PORT/',
  'file:///etc/passwd',
  'javascript:1',
  'http://%',
  '',
];

const servers: RawServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.stop();
});

async function start(act: Act): Promise<RawServer> {
  const server = await startRawServer(act);
  servers.push(server);
  return server;
}

/** Anything but a classified failure fails the test. */
async function outcomeOf(sending: Promise<unknown>): Promise<Expected | DeliveryError> {
  try {
    await sending;
    return delivered;
  } catch (error) {
    if (error instanceof DeliveryError) return error;
    throw error;
  }
}

describe.each(CLIENTS)('%s', (_name, send) => {
  test.each(ANSWERS)('%s', async (_answer, act, expected) => {
    const server = await start(act);
    const outcome = await outcomeOf(send(server.host, new AbortController().signal));
    expect(outcome).toMatchObject(expected);
    await server.allClosed();
    expect(server.taken).toBe(1);
  });

  test.each(ENDLESS)('%s is ended by the limit of the run', async (_answer, act) => {
    const server = await start(act);
    expect(await outcomeOf(send(server.host, AbortSignal.timeout(50)))).toMatchObject({ failure: 'transient' });
    await server.allClosed();
  });

  test.each([
    ...[300, 301, 303, 307, 308].map(status => [status, 'http://PRIVATE/'] as const),
    ...REDIRECTS.map(location => [302, location] as const),
  ])('%d to %j is not followed', async (status, location) => {
    const inside = await start(says(whole('200 OK')));
    const to = location.replace('PRIVATE', inside.host).replace('PORT', String(inside.port));
    const outside = await start(says(whole(`${status} x`, `location: ${to}\r\n`)));
    expect(await outcomeOf(send(outside.host, new AbortController().signal))).toMatchObject(
      permanent(status) as object,
    );
    await outside.allClosed();
    expect([outside.taken, inside.taken]).toEqual([1, 0]);
  });

  test.each([
    ['7', 7_000],
    ['Fri, 01 Jan 9999 00:00:00 GMT', 3_600_000],
    ['-1', undefined],
    ['7, 9', undefined],
    ['7\r\nretry-after: 9', undefined],
  ])('Retry-After: %j', async (header, retryAfterMs) => {
    const server = await start(says(whole('503 x', `retry-after: ${header}\r\n`)));
    const outcome = await outcomeOf(send(server.host, new AbortController().signal));
    expect(outcome).toMatchObject({ failure: 'transient', status: 503 });
    expect((outcome as DeliveryError).retryAfterMs).toBe(retryAfterMs);
  });
});

test('a call has a limit of its own, in whose absence nothing would end it', async () => {
  const server = await start(says(''));
  const call = { url: new URL(`http://${server.host}`), headers: {}, body: '', signal: new AbortController().signal };
  const outcome = await outcomeOf(post(call, { reach: 'anywhere', timeoutMs: 50 }));
  expect(outcome).toMatchObject({ failure: 'transient', message: expect.stringContaining('took longer than 50 ms') });
  await server.allClosed();
});

test('a call of a run that has been stopped is not made', async () => {
  const server = await start(says(''));
  for (const [, send] of CLIENTS)
    expect(await outcomeOf(send(server.host, AbortSignal.abort()))).toMatchObject({ failure: 'transient' });
  expect(server.taken).toBe(0);
});
