import { startMailbox as startMaildev } from '../../local/mailbox.ts';
import { freePort } from './free-port.ts';

export interface Mail {
  readonly id: string;
  readonly subject: string;
  readonly html?: string;
  readonly text?: string;
  readonly messageId?: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly to: readonly { readonly address: string; readonly name?: string }[];
  readonly envelope: { readonly from: unknown; readonly to: unknown };
}

export interface Mailbox {
  readonly smtpUrl: string;
  readonly webUrl: string;
  mails(): Promise<readonly Mail[]>;
  stop(): Promise<void>;
}

/** A real mail server for a test: what is sent to it can be read back. */
export async function startMailbox(): Promise<Mailbox> {
  const [smtpPort, webPort] = [await freePort(), await freePort()];
  const mailbox = await startMaildev({ smtpPort, webPort });
  const webUrl = `http://127.0.0.1:${webPort}`;
  return {
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    webUrl,
    async mails() {
      const answer = await fetch(`${webUrl}/email`);
      return (await answer.json()) as readonly Mail[];
    },
    stop: () => mailbox.stop(),
  };
}
