import type * as Nodemailer from 'nodemailer';
import { defineResource } from '../../src/contracts/index.ts';
import { requireOptional } from '../../src/errors/index.ts';
import { inSpan } from '../../src/tracing/index.ts';
import { DeliveryError } from '../../src/resilience/index.ts';
import { classifyMailError } from './classify.ts';
import { headerText } from './encoded-word.ts';
import { watchHandOver } from './handed-over.ts';
import { Patience } from './patience.ts';
import { readSender, type Sender } from './sender.ts';
import { readSmtpServer, SMTP_PARAMETERS } from './smtp-server.ts';

/** What a template makes. */
export interface MailContent {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
}

export interface SendOptions {
  /** One address, validated by a contract. */
  readonly to: string;
  /** The same for every try of the same mail: becomes the Message-ID, so that a repeat is recognisable. */
  readonly effectId: string;
  readonly signal: AbortSignal;
}

export interface Mailer {
  /** @throws DeliveryError, classified */
  send(content: MailContent, options: SendOptions): Promise<void>;
}

interface MailerConfig {
  readonly url: URL | undefined;
  readonly sender: Sender;
}

/** One pooled SMTP transport for the process. */
export const mailer = defineResource<MailerConfig, Mailer & { close(): void }>({
  name: 'mailer',
  configure(environment, { neededBy }) {
    if (!environment.has('SMTP_URL')) environment.required('SMTP_URL', neededBy);
    const url = environment.url('SMTP_URL', { protocols: ['smtp:', 'smtps:'], parameters: SMTP_PARAMETERS });
    if (url !== undefined) {
      const { problems, warnings } = readSmtpServer(url);
      for (const problem of problems) environment.problem(problem);
      for (const warning of warnings) environment.warning(warning);
    }
    return { url, sender: readSender(environment, neededBy) };
  },
  open: ({ url, sender }) => createMailer(url ?? new URL('smtp://localhost'), sender),
  close: opened => opened.close(),
});

export function createMailer(url: URL, sender: Sender): Mailer & { close(): void } {
  const { createTransport } = requireOptional<typeof Nodemailer>('nodemailer', 'mail over SMTP');
  const { server } = readSmtpServer(url);
  const { host, port, tls, auth, name, maxConnections, maxMessages } = server;
  const transport = createTransport({
    pool: true,
    host,
    port,
    secure: tls === 'first',
    requireTLS: tls === 'required',
    ignoreTLS: tls === 'never',
    ...(auth !== undefined && { auth }),
    ...(name !== undefined && { name }),
    maxConnections,
    maxMessages,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 25_000,
    socketCloseTimeout: 1_000,
    // No content is ever read from a file or an address, whatever reaches a template.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const wasHandedOver = watchHandOver(transport);
  return {
    async send({ subject, html, text }, { to, effectId, signal: stop }) {
      if (stop.aborted) throw stopped(host, false);
      refuseControlCharacters(subject);
      const patience = new Patience(stop);
      // It closes the connection: one that is never answered would stay in the pool for good.
      const { signal } = patience;
      try {
        await inSpan('smtp.send', { 'server.address': host, 'server.port': port }, () =>
          transport.sendMail({
            // Objects are taken as they are; a text would be parsed, and parsers differ.
            from: { name: sender.name, address: sender.address },
            to: { name: '', address: to },
            envelope: { from: sender.address, to: [to] },
            subject: headerText(subject),
            html,
            text,
            messageId: `<${effectId}@${sender.domain}>`,
            headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
            xMailer: false,
            disableFileAccess: true,
            disableUrlAccess: true,
            signal,
          }),
        );
      } catch (error) {
        throw signal.aborted
          ? stopped(host, wasHandedOver(signal))
          : classifyMailError(error, host, wasHandedOver(signal));
      } finally {
        patience.over();
      }
    },
    close: () => transport.close({ force: true }),
  };
}

function stopped(destination: string, wasHandedOver: boolean): DeliveryError {
  return wasHandedOver
    ? new DeliveryError('unknown', 'The run was stopped while the mail was on its way; it may have been sent.', {
        destination,
      })
    : new DeliveryError('transient', 'The run was stopped before the mail was handed over.', { destination });
}

function refuseControlCharacters(subject: string): void {
  if (/[\p{Cc}\u2028\u2029]/u.test(subject)) {
    throw new DeliveryError('permanent', 'The subject holds control characters; nothing was sent.');
  }
}
