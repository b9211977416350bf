import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Stands between a program and a server, and can keep back what the server says. */
export interface TcpProxy {
  readonly port: number;
  hold(): void;
  release(): void;
  /** Ends the connections that stand; new ones are taken. */
  cut(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Map<Socket, Socket>();
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
      one.on('error', () => other.destroy());
      one.on('close', () => {
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
    cut() {
      for (const client of pairs.keys()) client.destroy();
      pairs.clear();
    },
    async close() {
      for (const client of pairs.keys()) client.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
