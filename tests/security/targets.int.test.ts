import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { DeliveryError } from '../../src/resilience/index.ts';
import { webhook, webPush } from '../../jobs/index.ts';
import { validatePayload } from '../../src/contracts/index.ts';
import { checkTarget, isPublicAddress, post, type Resolver } from '../../workers/http/index.ts';
import { createPushSender, createWebhookSender } from '../../workers/notification/index.ts';
import webPushLibrary from 'web-push';

const SECRET = `whsec_${Buffer.from('a secret of twenty-four!').toString('base64')}`;
const forever = new AbortController().signal;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** A receiver on loopback: what an attacker wants to be called. */
async function receiver(answer: (url: string, respond: ServerResponse) => void) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    received.push({ path: request.url ?? '', headers: request.headers, body });
    answer(request.url ?? '', response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { received, port, host: `127.0.0.1:${port}`, url: new URL(`http://127.0.0.1:${port}/hook`) };
}

async function failureOf(sending: Promise<unknown>): Promise<DeliveryError> {
  const error = await sending.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
}

const call = (url: URL, options: { allowed?: string; resolve?: Resolver; timeoutMs?: number } = {}) =>
  post(
    { url, headers: {}, body: '{}', signal: forever },
    {
      reach: {
        allowed: new Set(options.allowed === undefined ? [] : [options.allowed]),
        ...(options.resolve !== undefined && { resolve: options.resolve }),
      },
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    },
  );

describe('case 17: targets inside the network', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://0x7f000001/',
    'http://017700000001/',
    'http://0.0.0.0/',
    'http://10.0.0.1/',
    'http://172.16.3.4/',
    'http://192.168.1.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.64.0.1/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:a00:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://[fec0::1]/',
    'http://[fe00::1]/',
    'http://[64:ff9b:1::a00:1]/',
    'http://[::ffff:0:a00:1]/',
    'http://[1::a00:1]/',
    'http://[4000::1]/',
    'http://[2001:db8::1]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST/',
    'http://api.localhost/',
    'http://router.local/',
    'http://metadata.google.internal/',
    'http://intranet/',
  ])('%s is refused for good before anything is sent', async address => {
    const failure = await failureOf(call(new URL(address)));
    expect(failure.failure).toBe('permanent');
    expect(failure.message).toMatch(/^The address was refused/);
  });

  test('a name that resolves to a private address is refused when it is called', async () => {
    const inside = await receiver((_url, response) => response.end('secret'));
    const resolve: Resolver = (_host, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
    const failure = await failureOf(call(new URL(`http://rebind.example:8080/`), { resolve }));
    expect(failure.failure).toBe('permanent');
    expect(inside.received).toEqual([]);
  });

  test('one private address among public ones is enough to refuse', async () => {
    const resolve: Resolver = (_host, done) =>
      done(null, [
        { address: '93.184.216.34', family: 4 },
        { address: '10.0.0.1', family: 4 },
      ]);
    expect((await failureOf(call(new URL('http://mixed.example/'), { resolve }))).failure).toBe('permanent');
  });

  test('DNS is asked once: what was checked is what is connected to', async () => {
    let asked = 0;
    const resolve: Resolver = (_host, done) => {
      asked += 1;
      // Public at the first look (of a range that nobody has been given, so that nothing leaves this machine), private at every later one.
      done(null, [asked === 1 ? { address: '3fff:ffff::1', family: 6 } : { address: '127.0.0.1', family: 4 }]);
    };
    const inside = await receiver((_url, response) => response.end('secret'));
    const failure = await failureOf(call(new URL('http://changes.example:8080/'), { resolve, timeoutMs: 200 }));
    expect(failure.message).not.toContain('refused: it is not on the public internet');
    expect(asked).toBe(1);
    expect(inside.received).toEqual([]);
  });

  test('a redirect is not followed, wherever it leads', async () => {
    const inside = await receiver((_url, response) => response.end('secret'));
    const outside = await receiver((_url, response) =>
      response.writeHead(302, { location: `http://${inside.host}/admin` }).end(),
    );
    const failure = await failureOf(call(outside.url, { allowed: outside.host }));
    expect(failure).toMatchObject({ failure: 'permanent' });
    expect(failure.message).toContain('302');
    expect(inside.received).toEqual([]);
  });

  test.each(['8.8.8.8', '93.184.216.34', '2606:4700::1111'])('%s is public', address => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('case 18: schemes, credentials, ports, endless answers', () => {
  test.each([
    ['file:', 'file:///etc/passwd'],
    ['ftp:', 'ftp://example.com/'],
    ['credentials', 'http://user:password@example.com/'],
    ['the mail port', 'http://example.com:25/'],
    ['the Redis port', 'http://example.com:6379/'],
  ])('%s is refused', (_case, address) => {
    expect(() => checkTarget(new URL(address), new Set())).toThrow(DeliveryError);
  });

  test('the contract takes neither another scheme nor credentials', () => {
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'https://user:pw@example.com/', 'no url']) {
      expect(() => validatePayload(webhook, { url, eventType: 'a.b', payload: {} })).toThrow('url');
    }
  });

  test('an endless answer is left after a bound, and counts by its status', async () => {
    let written = 0;
    const endless = await receiver((_url, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384))) written += 16_384;
      };
      response.on('drain', more);
      more();
    });
    await expect(call(endless.url, { allowed: endless.host })).resolves.toEqual({ status: 200 });
    expect(written).toBeLessThan(50_000_000);
  });

  test('a gzip bomb is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const server = await receiver((_url, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    await expect(call(server.url, { allowed: server.host })).resolves.toEqual({ status: 200 });
    expect(server.received[0]?.headers['accept-encoding']).toBe('identity');
  });

  test.each([
    ['hangs', () => undefined],
    [
      'sends a byte now and then',
      (response: ServerResponse) => {
        response.writeHead(200);
        const drip = setInterval(() => response.write('.'), 20);
        response.once('close', () => clearInterval(drip));
      },
    ],
  ])('a receiver that %s is given up at the deadline', async (_case, act) => {
    const slow = await receiver((_url, response) => void act(response));
    const failure = await failureOf(call(slow.url, { allowed: slow.host, timeoutMs: 150 }));
    expect(failure).toMatchObject({ failure: 'transient' });
  });

  test.each([
    [408, 'transient'],
    [425, 'transient'],
    [429, 'transient'],
    [500, 'transient'],
    [503, 'transient'],
    [400, 'permanent'],
    [404, 'permanent'],
    [410, 'permanent'],
  ] as const)('an answer of %d is %s', async (status, kind) => {
    const server = await receiver((_url, response) => response.writeHead(status).end());
    expect((await failureOf(call(server.url, { allowed: server.host }))).failure).toBe(kind);
  });

  test('Retry-After is honoured, and capped at an hour', async () => {
    const waits = ['7', '999999'];
    const server = await receiver((_url, response) =>
      response.writeHead(429, { 'retry-after': waits.shift() ?? '' }).end(),
    );
    expect((await failureOf(call(server.url, { allowed: server.host }))).retryAfterMs).toBe(7_000);
    expect((await failureOf(call(server.url, { allowed: server.host }))).retryAfterMs).toBe(3_600_000);
  });

  test('a refused connection is transient and names no address of ours, nor keeps the error that does', async () => {
    const gone = await receiver(() => undefined);
    for (const server of servers.splice(0)) server.close();
    const failure = await failureOf(call(gone.url, { allowed: gone.host }));
    expect(failure.failure).toBe('transient');
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure).not.toHaveProperty('cause');
  });
});

describe('webhooks', () => {
  test('carry an id that stays and a signature that the standard library accepts', async () => {
    const server = await receiver((_url, response) => response.end());
    const sender = createWebhookSender(SECRET, new Set([server.host]));
    const message = {
      url: server.url.href,
      eventType: 'order.placed',
      payload: { orderId: 'o1' },
      id: 'notification-1',
      occurredAt: new Date('2026-01-01T00:00:00Z'),
    };
    await sender.send(message, forever);
    await sender.send(message, forever);
    const [first, second] = server.received;
    expect(first?.headers['webhook-id']).toBe('notification-1');
    expect(second?.headers['webhook-id']).toBe('notification-1');
    const verified = new Webhook(SECRET).verify(first?.body ?? '', first?.headers as Record<string, string>);
    expect(verified).toEqual({ type: 'order.placed', timestamp: '2026-01-01T00:00:00.000Z', data: { orderId: 'o1' } });
  });
});

describe('case 19: push endpoints inside the network', () => {
  const keys = webPushLibrary.generateVAPIDKeys();
  const vapid = { subject: 'mailto:ops@example.com', ...keys };
  // Any valid point and secret will do: nothing is delivered to a browser here.
  const subscriptionKeys = {
    p256dh: webPushLibrary.generateVAPIDKeys().publicKey,
    auth: Buffer.alloc(16, 7).toString('base64url'),
  };
  const message = (endpoint: string) => ({
    subscription: { endpoint, keys: subscriptionKeys },
    notification: { title: 'Hello', body: 'secret text' },
    ttl: 60,
  });

  test.each(['http://127.0.0.1:8080/push', 'https://169.254.169.254/push', 'https://localhost/push'])(
    '%s is refused before anything is signed',
    async endpoint => {
      const failure = await failureOf(createPushSender(vapid, new Set()).send(message(endpoint), forever));
      expect(failure.failure).toBe('permanent');
    },
  );

  test('a push is encrypted and identified', async () => {
    const service = await receiver((_url, response) => response.writeHead(201).end());
    await createPushSender(vapid, new Set([service.host])).send(message(`http://${service.host}/push`), forever);
    const [push] = service.received;
    expect(push?.headers['content-encoding']).toBe('aes128gcm');
    expect(push?.headers['authorization']).toMatch(/^vapid t=.+k=/);
    expect(push?.headers['ttl']).toBe('60');
    expect(push?.body).not.toContain('secret text');
  });

  test('a key that is no point of the curve is refused for good', async () => {
    const subscription = { endpoint: 'https://push.example/x', keys: { ...subscriptionKeys, p256dh: 'A'.repeat(87) } };
    const sending = createPushSender(vapid, new Set()).send({ ...message(''), subscription }, forever);
    const failure = await failureOf(sending);
    expect(failure).toMatchObject({ failure: 'permanent', destination: 'push.example' });
    expect(failure.message).toBe('The push subscription has keys that nothing can be encrypted for.');
  });

  test.each([404, 410])('an answer of %d says that the subscription is gone', async status => {
    const service = await receiver((_url, response) => response.writeHead(status).end());
    const push = { ...message(`http://${service.host}/push`), subscriptionId: 'phone-of-ada' };
    const failure = await failureOf(createPushSender(vapid, new Set([service.host])).send(push, forever));
    expect(failure.failure).toBe('permanent');
    expect(failure.message).toBe('The push subscription "phone-of-ada" is gone: remove it.');
  });

  test('the contract takes a subscription of the right form alone', () => {
    const subscription = { endpoint: 'https://push.example/x', keys: subscriptionKeys };
    expect(() => validatePayload(webPush, { subscription, notification: { title: 'a', body: '' } })).not.toThrow();
    expect(() =>
      validatePayload(webPush, {
        subscription: { ...subscription, keys: { p256dh: 'x', auth: 'y' } },
        notification: { title: 'a', body: '' },
      }),
    ).toThrow('p256dh');
  });
});
