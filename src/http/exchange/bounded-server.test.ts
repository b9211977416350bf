import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { boundedServer } from './bounded-server.ts';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach(close => close()));

const whole: RequestListener = (request, response) => void request.resume().on('end', () => response.end('whole'));

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  closing.push(() => (server.closeAllConnections(), server.close()));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * Goes on with a few bytes now and then, for as long as it may; answers what it was told at last. That is nothing where what it went on with has met a
 * closed socket: the reset overtakes the answer.
 */
async function dribble(port: number, beginning: string, more: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  socket.write(beginning);
  const timer = setInterval(() => socket.write(more), 10);
  await new Promise(resolve => socket.once('close', resolve));
  clearInterval(timer);
  return said;
}

const TIMED_OUT = /^(?:$|HTTP\/1\.1 408 )/;
const SHORT = { headMs: 60, requestMs: 120 };

test.each([
  ['a head', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', ' '],
  ['a body in chunks', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
])(
  '%s that dribbles in is ended, and told 408 where it can be, however often something of it comes',
  async (_what, beginning, more) => {
    expect(await dribble(await portOf(boundedServer(whole, SHORT)), beginning, more)).toMatch(TIMED_OUT);
  },
);

test('looks often enough for its limits to hold: it ends what dribbles in before a server with the same limits that looks as seldom as Node does', async () => {
  const seldom = createServer({ headersTimeout: SHORT.headMs, requestTimeout: SHORT.requestMs }, whole);
  const [first, other] = [await portOf(seldom), await portOf(boundedServer(whole, SHORT))];
  const ended: string[] = [];
  const ends = [
    ['seldom', first],
    ['bounded', other],
  ] as const;
  const dribbles = ends.map(([name, port]) =>
    dribble(port, 'GET / HTTP/1.1\r\n', 'X-A: b\r\n').then(() => ended.push(name)),
  );
  await Promise.race(dribbles);
  expect(ended).toEqual(['bounded']);
});

test.each([
  ['a head that is none', 'no HTTP\r\n\r\n', 400],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400],
  ['a method that is none', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a chunk without a length', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
  ['the way through to another server', 'CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n', 405],
  ['half a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{', 408],
  ['an expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: more\r\nConnection: close\r\n\r\n', 417],
  ['a head of 20 KB', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}`, 431],
])('%s is answered as every other refusal is, and the connection ends', async (_what, text, status) => {
  const said = await exchange(await portOf(boundedServer(whole, SHORT)), text);
  const [head = '', body = ''] = said.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*application/problem\\+json`, 's'));
  expect(JSON.parse(body)).toMatchObject({ status, code: 'REQUEST_REFUSED' });
});

test('into an answer that is under way no refusal is written', async () => {
  const server = boundedServer((_, response) => void response.write('begun'), { headMs: 10_000, requestMs: 10_000 });
  const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  const said = await exchange(await portOf(server), get, 'no HTTP\r\n\r\n');
  expect(said).toMatch(/^HTTP\/1\.1 200 /);
  expect(said).toMatch(/begun\r\n$/);
});

/** Answers all that was said until the connection ended; what is next is sent once something was. */
async function exchange(port: number, first: string, next?: string): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  if (next !== undefined) socket.once('data', () => socket.write(next));
  socket.write(first);
  await new Promise(resolve => socket.once('close', resolve));
  return said;
}
