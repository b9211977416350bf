import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Stands between a program and a Redis, and changes what that answers to TIME. */
export interface SteppedTime {
  readonly url: string;
  set(aheadMs: number): void;
  close(): Promise<void>;
}

/** The answer of TIME, in RESP2: a list of seconds (ten digits) and microseconds. */
const TIME = /(\*2\r\n\$10\r\n)(\d{10})(\r\n\$\d\r\n\d{1,6}\r\n)/g;

/** A stand-in for a Redis whose clock steps: its scripts, and its keys that lapse, still go by the real one. */
export async function startSteppedTime(port: number): Promise<SteppedTime> {
  let aheadMs = 0;
  const sockets = new Set<Socket>();
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1');
    const stepped = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const text = chunk.toString('latin1');
        const changed = text.replace(
          TIME,
          (_answer, head: string, seconds: string, rest: string) =>
            head + String(Number(seconds) + aheadMs / 1_000) + rest,
        );
        done(null, Buffer.from(changed, 'latin1'));
      },
    });
    client.pipe(upstream).pipe(stepped).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port.');
  return {
    url: `redis://127.0.0.1:${address.port}`,
    set: ms => {
      aheadMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
