import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface MailboxOptions {
  readonly smtpPort: number;
  readonly webPort: number;
  /** Where mails are kept; they are forgotten at the end when left out. */
  readonly folder?: string;
}

export interface MailboxServer {
  stop(): Promise<void>;
  /** Ends with the process, wanted or not. */
  readonly exited: Promise<void>;
}

/** Starts maildev on 127.0.0.1: a mail server that keeps what it gets and shows it, at `GET /email` as JSON. */
export async function startMailbox({ smtpPort, webPort, folder }: MailboxOptions): Promise<MailboxServer> {
  const file = fileURLToPath(new URL('mailbox-process.ts', import.meta.url));
  const child = fork(file, [String(smtpPort), String(webPort), ...(folder === undefined ? [] : [folder])], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let lastWords = '';
  child.stderr?.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString()).slice(-2_000)));
  const exited = once(child, 'exit').then(() => undefined);
  const ready = once(child, 'message').then(() => true);
  if (!(await Promise.race([ready, exited]))) throw new Error(`The mailbox could not start:\n${lastWords}`);
  return {
    exited,
    async stop() {
      const hard = setTimeout(() => child.kill('SIGKILL'), 1_500);
      child.kill('SIGTERM');
      await exited;
      clearTimeout(hard);
    },
  };
}
