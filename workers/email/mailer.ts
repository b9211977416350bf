import type * as Nodemailer from 'nodemailer';
import { defineResource } from '../../src/contracts/index.ts';
import { requireOptional } from '../../src/errors/index.ts';
import { inSpan } from '../../src/tracing/index.ts';
import { DeliveryError } from '../../src/resilience/index.ts';
import { classifyMailError } from './classify.ts';
import { readSender, type Sender } from './sender.ts';

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
    return {
      url: environment.url('SMTP_URL', { protocols: ['smtp:', 'smtps:'] }),
      sender: readSender(environment, neededBy),
    };
  },
  open: ({ url, sender }) => createMailer(url ?? new URL('smtp://localhost'), sender),
  close: opened => opened.close(),
});

export function createMailer(url: URL, sender: Sender): Mailer & { close(): void } {
  const { createTransport } = requireOptional<typeof Nodemailer>('nodemailer', 'mail over SMTP');
  const port = Number(url.port || (url.protocol === 'smtps:' ? 465 : 587));
  const transport = createTransport({
    pool: true,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    secure: url.protocol === 'smtps:',
    ...(url.username !== '' && {
      auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
    }),
    // As many as the queue runs at once: fewer would hide time in line inside a run's deadline.
    maxConnections: 10,
    maxMessages: 500,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 25_000,
    // No content is ever read from a file or an address, whatever reaches a template.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = url.hostname;
  return {
    async send({ subject, html, text }, { to, effectId, signal }) {
      if (signal.aborted)
        throw new DeliveryError('transient', 'The run was stopped before the mail was handed over.', {
          destination: host,
        });
      refuseControlCharacters(subject);
      const sending = inSpan('smtp.send', { 'server.address': host, 'server.port': port }, () =>
        transport.sendMail({
          // Objects are taken as they are; a text would be parsed, and parsers differ.
          from: { name: sender.name, address: sender.address },
          to: { name: '', address: to },
          envelope: { from: sender.address, to: [to] },
          subject,
          html,
          text,
          messageId: `<${effectId}@${sender.domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          xMailer: false,
          disableFileAccess: true,
          disableUrlAccess: true,
        }),
      );
      try {
        await orAborted(sending, signal);
      } catch (error) {
        throw signal.aborted && error === signal.reason
          ? new DeliveryError('unknown', 'The run was stopped while the mail was on its way; it may have been sent.', {
              destination: host,
              cause: error,
            })
          : classifyMailError(error, host);
      }
    },
    close: () => transport.close(),
  };
}

/** nodemailer takes no signal: the run is left, the send goes on, and whether it arrives is not known. */
async function orAborted(sending: Promise<unknown>, signal: AbortSignal): Promise<void> {
  sending.catch(() => undefined);
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([sending, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function refuseControlCharacters(subject: string): void {
  if (/[\p{Cc}\u2028\u2029]/u.test(subject)) {
    throw new DeliveryError('permanent', 'The subject holds control characters; nothing was sent.');
  }
}
