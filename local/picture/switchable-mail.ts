import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface SwitchableMail {
  readonly url: string;
  readonly delivered: number;
  /** From now on it answers 451 to every mail, or takes them. */
  turn(to: 'sick' | 'well'): void;
  stop(): Promise<void>;
}

/** A mail server that can be made sick. */
export async function startSwitchableMail(): Promise<SwitchableMail> {
  let sick = false;
  let delivered = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      stream.resume();
      stream.on('end', () => {
        if (sick) return done(Object.assign(new Error('Try again later'), { responseCode: 451 }));
        delivered += 1;
        done();
      });
    },
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    get delivered() {
      return delivered;
    },
    turn(to) {
      sick = to === 'sick';
    },
    stop: () => new Promise(resolve => server.close(() => resolve())),
  };
}
