import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { boundedServer } from './bounded-server.ts';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach(close => close()));

async function portOf(limits: Parameters<typeof boundedServer>[1]): Promise<number> {
  const server = boundedServer(
    (request, response) => void request.resume().on('end', () => response.end('whole')),
    limits,
  );
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
const SHORT = { headMs: 60, requestMs: 120, lookEveryMs: 20 };

test.each([
  ['a head', 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'],
  ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', ' '],
  ['a body in chunks', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', '1\r\nx\r\n'],
])(
  '%s that dribbles in is ended, and told 408 where it can be, however often something of it comes',
  async (_what, beginning, more) => {
    expect(await dribble(await portOf(SHORT), beginning, more)).toMatch(TIMED_OUT);
  },
);

test('looks often enough for its own limits to hold, where nobody says how often', async () => {
  const port = await portOf({ headMs: 50, requestMs: 50 });
  expect(await dribble(port, 'GET / HTTP/1.1\r\n', 'X-A: b\r\n')).toMatch(TIMED_OUT);
});
