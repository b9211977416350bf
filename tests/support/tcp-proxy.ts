import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a program and a server, and can keep back what the server says. */
export interface TcpProxy {
  readonly port: number;
  hold(): void;
  release(): void;
  /**
   * From now on nothing passes on the connections that stand, neither data nor their end, as when a router has lost them; new ones
   * work.
   */
  silence(): void;
  /** Ends the connections that stand; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket>();
  const silent = new Set<Socket>();
  let held = false;
  const server = createServer(client => {
    const upstream = connect(targetPort, '127.0.0.1');
    pairs.set(client, upstream);
    client.pipe(upstream);
    if (!held) upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => silent.has(client) || other.destroy());
      one.on('close', () => {
        if (silent.has(client)) return;
        other.destroy();
        pairs.delete(client);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port.');
  return {
    port: address.port,
    hold() {
      held = true;
      for (const [client, upstream] of pairs) upstream.unpipe(client).pause();
    },
    release() {
      held = false;
      for (const [client, upstream] of pairs) upstream.pipe(client);
    },
    silence() {
      for (const [client, upstream] of pairs) {
        silent.add(client);
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    },
    cut() {
      for (const client of pairs.keys()) client.destroy();
      pairs.clear();
    },
    async close() {
      for (const [client, upstream] of pairs) {
        client.destroy();
        upstream.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
