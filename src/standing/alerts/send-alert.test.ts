import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { AlertMessage } from './alert-message.ts';
import { alertSender } from './send-alert.ts';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const message: AlertMessage = {
  event: 'started',
  kind: 'sick',
  about: 'email/smtp',
  text: 'email waits for smtp.',
  needsYou: false,
  size: 912,
  since: Date.UTC(2026, 0, 2),
  path: '/workers',
};

let server: Server | undefined;
afterEach(() => server?.close());

/** Keeps what it is sent. */
async function receiver(status: number) {
  const got: { readonly body: string; readonly headers: IncomingHttpHeaders }[] = [];
  const keep = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    got.push({ body: await text(request), headers: request.headers });
    response.writeHead(status).end();
  };
  server = createServer((request, response) => void keep(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`http://127.0.0.1:${port}/hook`), got };
}

test('a message is a standard webhook that its receiver can verify, with what is wrong, where and since when', async () => {
  const { url, got } = await receiver(204);
  const dashboardUrl = new URL('https://ops.example.com/jobs/');
  await alertSender({ url, secret: SECRET, environment: 'production/shop', dashboardUrl })(message);
  const [{ body, headers } = { body: '', headers: {} }] = got;
  const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>);
  expect(verified).toEqual({
    type: 'alert.started',
    timestamp: expect.any(String) as string,
    data: {
      kind: 'sick',
      about: 'email/smtp',
      text: 'email waits for smtp.',
      needsYou: false,
      size: 912,
      environment: 'production/shop',
      link: 'https://ops.example.com/jobs/workers',
      since: '2026-01-02T00:00:00.000Z',
    },
  });
});

test('the same message has the same id whoever sends it, and each of its condition another', async () => {
  const { url, got } = await receiver(200);
  const send = alertSender({ url, secret: undefined, environment: 'development', dashboardUrl: undefined });
  await send(message);
  await send(message);
  await send({ ...message, event: 'grew', size: 9_120 });
  await send({ ...message, event: 'ended', endedAt: Date.UTC(2026, 0, 3) });
  for (const about of ['mail/a', 'mail-a', 'mail//a', 'mail/ä']) await send({ ...message, about });
  const ids = got.map(({ headers }) => headers['webhook-id']);
  expect(ids[0]).toBe(ids[1]);
  expect(new Set(ids).size).toBe(7);
});

test('an answer that is no success is an error that does not name the address', async () => {
  const { url } = await receiver(500);
  const send = alertSender({ url, secret: undefined, environment: 'development', dashboardUrl: undefined });
  await expect(send(message)).rejects.toThrow("The alert's webhook answered 500.");
});
