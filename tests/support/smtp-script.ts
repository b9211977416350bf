import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

export interface ScriptedSmtp {
  readonly url: URL;
  stop(): Promise<void>;
}

/** A mail server that misbehaves as the test says. */
export async function startScriptedSmtp(options: SMTPServerOptions): Promise<ScriptedSmtp> {
  const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], logger: false, ...options });
  // What a client does to it is the test's business.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: new URL(`smtp://127.0.0.1:${port}`),
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve());
      }),
  };
}
