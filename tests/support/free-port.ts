import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what systems hand out for outgoing connections and for port 0 (Linux from 32768, others from 49152): there a client's
 * connection, or a test's server, may take the port of a server that is about to start, or that a test has killed to start it again.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 1_000;

/** A port on 127.0.0.1 that nothing uses, and that nobody else is given as long as this process lives. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if ((await reserve(port)) && (await isUnused(port))) return port;
  }
  throw new Error(`Of ${TRIES} ports of 127.0.0.1 between ${FIRST} and ${LAST} none was free.`);
}

/** The UDP port of the same number is the reservation: no server here wants it, and the system gives it back whatever ends the process. */
async function reserve(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
    socket.unref();
    return true;
  } catch {
    socket.close();
    return false;
  }
}

async function isUnused(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
