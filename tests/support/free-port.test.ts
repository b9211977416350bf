import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { freePort } from './free-port.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

test('a port is given to nobody else, though nothing listens on it yet', async () => {
  // Of 300 out of 12,000, picked at random, some come up twice with 97 in 100.
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
});

test('a server can listen on it', async () => {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  expect(server.address()).toMatchObject({ port });
});
