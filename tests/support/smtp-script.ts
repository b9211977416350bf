import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ScriptedSmtp {
  readonly url: URL;
  /** Ends every connection without a word. */
  drop(): void;
  stop(): Promise<void>;
}

/** A mail server that misbehaves as the test says. */
export async function startScriptedSmtp(options: SMTPServerOptions): Promise<ScriptedSmtp> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    closeTimeout: 100,
    ...options,
  });
  // What a client does to it is the test's business.
  server.on('error', () => undefined);
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket: Socket) => sockets.add(socket));
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: new URL(`smtp://127.0.0.1:${port}`),
    drop,
    stop: () =>
      new Promise(resolve => {
        drop();
        server.close(() => resolve());
      }),
  };
}
