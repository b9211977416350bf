import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

/** A server that says what no library would let it say. */
export interface RawServer {
  readonly port: number;
  /** As in a URL. */
  readonly host: string;
  /** Connections that have come so far. */
  readonly taken: number;
  /** Connections that stand. */
  readonly open: number;
  /** Resolves when at least one connection has come and none stands. */
  allClosed(): Promise<void>;
  stop(): void;
}

/** What it does with a connection, from its first byte. */
export type Act = (socket: Socket) => void;

const fileOf = (name: string): Buffer => readFileSync(new URL(`tls/${name}`, import.meta.url));

/** @param certificate of tests/support/tls: then it speaks TLS */
export async function startRawServer(act: Act, certificate?: string): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let taken = 0;
  const server =
    certificate === undefined
      ? createServer(act)
      : createTlsServer({ cert: fileOf(`${certificate}.pem`), key: fileOf('server.key') }, act);
  // Of TLS: a client that does not trust the server is what is tried here.
  server.on('tlsClientError', () => undefined);
  server.on('connection', (socket: Socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size > 0) return;
      for (const closed of waiting) closed();
      waiting.clear();
    });
  });
  server.on('secureConnection', (socket: Socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    host: `127.0.0.1:${port}`,
    get taken() {
      return taken;
    },
    get open() {
      return sockets.size;
    },
    allClosed: () =>
      taken > 0 && sockets.size === 0 ? Promise.resolve() : new Promise(resolve => waiting.add(resolve)),
    stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
