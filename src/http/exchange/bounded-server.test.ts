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
