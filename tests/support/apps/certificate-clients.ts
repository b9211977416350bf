import { readFileSync } from 'node:fs';
import webPush from 'web-push';
import { createHttpSink } from '../../../workers/analytics/index.ts';
import { createMailer } from '../../../workers/email/index.ts';
import { createPushSender, createWebhookSender } from '../../../workers/notification/index.ts';
import { isDeliveryError } from '../../../src/resilience/index.ts';
import { startRawServer } from '../raw-server.ts';
import { startScriptedSmtp } from '../smtp-script.ts';

/** Calls a server of each kind with each certificate of tests/support/tls, and prints what became of it: a line of JSON for each. */

const fileOf = (name: string): string => readFileSync(new URL(`../tls/${name}`, import.meta.url), 'utf8');
const signal = new AbortController().signal;
const vapid = { subject: 'mailto:ops@example.com', ...webPush.generateVAPIDKeys() };
const keys = { p256dh: webPush.generateVAPIDKeys().publicKey, auth: Buffer.alloc(16, 7).toString('base64url') };

type Client = (certificate: string) => Promise<void>;

const cleanups: (() => unknown)[] = [];

const overHttps =
  (call: (host: string) => Promise<unknown>): Client =>
  async certificate => {
    const server = await startRawServer(socket => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
    }, certificate);
    cleanups.push(() => server.stop());
    await call(server.host);
  };

const overSmtp =
  (options: { readonly secure?: boolean }): Client =>
  async certificate => {
    const server = await startScriptedSmtp({
      ...options,
      disabledCommands: [],
      cert: fileOf(`${certificate}.pem`),
      key: fileOf('server.key'),
      onAuth: (_auth, _session, done) => done(null, { user: 'u' }),
      onData(stream, _session, done) {
        stream.resume();
        stream.once('end', () => done());
      },
    });
    cleanups.push(() => server.stop());
    const url = new URL(`${options.secure === true ? 'smtps' : 'smtp'}://u:hunter2@127.0.0.1:${server.url.port}`);
    const mailer = createMailer(url, { name: 'Shop', address: 'shop@shop.example', domain: 'shop.example' });
    try {
      await mailer.send({ subject: 's', html: 'h', text: 't' }, { to: 'a@b.example', effectId: 'e', signal });
    } finally {
      mailer.close();
    }
  };

const CLIENTS: readonly (readonly [string, Client])[] = [
  [
    'webhook',
    overHttps(host =>
      createWebhookSender(`whsec_${'a'.repeat(32)}`, new Set([host])).send(
        { url: `https://${host}/hook`, eventType: 'a.b', payload: {}, id: 'i', occurredAt: new Date(0) },
        signal,
      ),
    ),
  ],
  [
    'push',
    overHttps(host =>
      createPushSender(vapid, new Set([host])).send(
        { subscription: { endpoint: `https://${host}/push`, keys }, notification: { title: 'a', body: '' }, ttl: 60 },
        signal,
      ),
    ),
  ],
  [
    'analytics',
    overHttps(host =>
      createHttpSink(new URL(`https://key@${host}`)).write(
        [{ type: 'track', messageId: 'm', userId: 'u', timestamp: '2026-01-01T00:00:00.000Z' }],
        signal,
      ),
    ),
  ],
  ['smtps', overSmtp({ secure: true })],
  ['starttls', overSmtp({})],
];

for (const [client, call] of CLIENTS) {
  for (const certificate of ['valid', 'expired', 'not-yet-valid', 'other-host', 'self-signed']) {
    const end = await call(certificate).then(
      () => ({ failure: 'none' }),
      (error: unknown) => {
        if (!isDeliveryError(error)) throw error;
        return { failure: error.failure, said: error.message };
      },
    );
    console.log(JSON.stringify({ client, certificate, ...end }));
  }
}
for (const cleanup of cleanups) await cleanup();
