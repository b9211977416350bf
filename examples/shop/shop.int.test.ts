import { hash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { engineCases, freshDatabase, namespace } from '../../tests/support/engines.ts';
import { startRedis } from '../../tests/support/redis-server.ts';
import { orderConfirmation } from '../../jobs/index.ts';
import { defineApp, handle } from '../../src/contracts/index.ts';
import { openEngine, type Engine } from '../../src/engine/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { Outbox } from '../../src/outbox/index.ts';
import { connect, type Client } from '../../src/queue/index.ts';
import { createWorkerHost } from '../../src/runtime/index.ts';
import { createOrderStore } from '../../workers/index.ts';
import { createNotificationStore } from '../../workers/notification/index.ts';
import { createShop } from './create-shop.ts';
import { currentTraceparent } from './request-context.ts';
import { migrateShop } from './store/migrate.ts';
import { createFeed } from './store/notification-feed.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(client: (databaseUrl: string) => Client | Promise<Client>) {
  const database = await freshDatabase();
  cleanups.push(() => database.drop());
  const pool = new Pool({ connectionString: database.url, max: 4 });
  pool.on('error', () => undefined);
  cleanups.push(() => pool.end());
  await migrateShop(pool);
  const store = createNotificationStore(pool);
  await store.migrate();
  const producer = await client(database.url);
  cleanups.push(() => producer.close());
  const feed = createFeed(pool, database.url);
  cleanups.push(() => feed.close());
  const errors: unknown[] = [];
  const links = { mailbox: 'http://localhost:1080', dashboard: 'http://localhost:3001' };
  const outbox = new Outbox({ traceparent: currentTraceparent });
  const onError = (error: unknown): void => void errors.push(error);
  const payments = { secret: SECRET };
  const shop = createShop({ client: producer, pool, outbox, feed, links, payments, onError });
  const server = shop.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  const send = async (path: string, body: string, headers: Record<string, string> = {}, method = 'POST') => {
    const init: RequestInit = { method, body, headers: { 'content-type': 'application/json', ...headers } };
    const answer = await fetch(base + path, init);
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };
  const postJson = (path: string, body: unknown, headers?: Record<string, string>) =>
    send(path, JSON.stringify(body), headers);
  /** As the payment provider does it. */
  const pay = (body: unknown, secret = SECRET) => {
    const text = JSON.stringify(body);
    const [id, now] = ['message-1', new Date()];
    return send('/payment-webhooks', text, {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': new Webhook(secret).sign(id, now, text),
    });
  };
  /** Events that stand in the outbox, and the jobs that follow from them, by name. */
  const written = async () => {
    const { rows } = await pool.query<{ kind: string; name: string; body: string }>(
      'select kind, name, body from shiftwork_outbox.entry order by position',
    );
    return {
      events: rows.flatMap(({ kind, body }) =>
        kind === 'event' ? [JSON.parse(body) as { type: string; data: unknown }] : [],
      ),
      jobs: rows.flatMap(({ kind, name }) => (kind === 'job' ? [name] : [])),
    };
  };
  return { base, send, postJson, pay, written, pool, store, producer, errors };
}

/** A shop whose queues are away: what stands in the transaction alone needs none. */
const withoutQueues = () => open(() => connect({ redis: 'redis://127.0.0.1:1' }));

const SECRET = `whsec_${Buffer.from('a secret that is long enough').toString('base64')}`;
const ada = { email: 'ada@example.com', name: 'Ada' };
const order = { userId: 'u1', email: 'ada@example.com', items: [{ productId: 'tea', quantity: 2, price: 2_450 }] };

describe.each(engineCases)('the shop on $kind', engineCase => {
  async function setup() {
    return open(async databaseUrl => {
      const url = engineCase.kind === 'redis' ? (await engineCase.open()).url : databaseUrl;
      const space = namespace();
      const engine = openEngine({ url, namespace: space, role: 'producer' });
      await engine.migrate();
      await engine.close();
      return connect({ [engineCase.kind]: url, namespace: space, traceparent: currentTraceparent });
    });
  }

  test('signing up answers with the ids of what was queued, and again with the same', async () => {
    const { base, postJson } = await setup();
    const first = await postJson('/signup', ada, { 'x-request-id': 'request-1' });
    expect(first.status).toBe(202);
    expect(first.headers.get('x-request-id')).toBe('request-1');
    expect(first.body['jobIds']).toHaveLength(4);
    const again = await postJson('/signup', { ...ada, email: 'ADA@example.com', name: 'Somebody else' });
    expect(again.body).toEqual(first.body);
    const [id] = first.body['jobIds'] as string[];
    const job = await (await fetch(`${base}/jobs/${id}`)).json();
    expect(job).toMatchObject({ id, name: 'welcome-email', queue: 'email', state: 'waiting', attemptsMade: 0 });
    expect(JSON.stringify(job)).not.toContain('ada@');
  });

  test('an order is stored before its confirmation is queued; its key makes a repeat the same order', async () => {
    const { postJson, pool } = await setup();
    const first = await postJson('/orders', order, { 'idempotency-key': 'k1' });
    expect(first).toMatchObject({ status: 202, body: { total: 4_900 } });
    expect(first.body['jobIds']).toHaveLength(2);
    // It is made of the key and the user, and says nothing of them to whoever sees it.
    const guess = hash('sha256', JSON.stringify([order.userId, 'k1']), 'hex');
    expect(String(first.body['orderId'])).not.toContain(guess.slice(0, 8));
    const again = await postJson('/orders', order, { 'idempotency-key': 'k1' });
    expect(again.body).toEqual(first.body);
    const other = await postJson(
      '/orders',
      { ...order, items: [{ productId: 'cup', quantity: 1, price: 1 }] },
      { 'idempotency-key': 'k1' },
    );
    expect(other.status).toBe(409);
    const elsewhere = await postJson('/orders', { ...order, email: 'eve@example.com' }, { 'idempotency-key': 'k1' });
    expect(elsewhere.status).toBe(409);
    const { rows } = await pool.query('select total from shop_orders');
    expect(rows).toEqual([{ total: '4900' }]);
  });

  test('a newsletter is one batch of 500 letters, sent once an issue, and counted', async () => {
    const { base, postJson } = await setup();
    const first = await postJson('/newsletters', { issue: 'march', title: 'What is new' });
    expect(first).toMatchObject({ status: 202, body: { total: 500 } });
    expect((await postJson('/newsletters', { issue: 'march', title: 'What is new' })).body).toEqual(first.body);
    const count = await (await fetch(`${base}/newsletters/${String(first.body['batchId'])}`)).json();
    expect(count).toEqual({ state: 'running', total: 500, done: 0, succeeded: 0 });
    expect((await fetch(`${base}/newsletters/none`)).status).toBe(404);
    expect((await postJson('/newsletters', { issue: '', title: 'x' })).status).toBe(400);
  });

  test('a reset answers alike for whom there is and for whom there is not, and not without end', async () => {
    const { postJson, pool } = await setup();
    await postJson('/signup', ada);
    const known = await postJson('/password-resets', { email: ada.email });
    const unknown = await postJson('/password-resets', { email: 'nobody@example.com' });
    for (const { status, body } of [known, unknown]) {
      expect(status).toBe(202);
      expect(Object.keys(body)).toEqual(['jobs', 'jobIds']);
      expect(body['jobIds']).toHaveLength(1);
    }
    const { rows } = await pool.query<{ opens: boolean }>(
      'select user_id is not null as opens from shop_password_resets order by opens',
    );
    expect(rows).toEqual([{ opens: false }, { opens: true }]);
    for (let again = 0; again < 4; again += 1) await postJson('/password-resets', { email: ada.email });
    expect((await postJson('/password-resets', { email: ada.email })).status).toBe(429);
  });

  test('a reset asked for again with its key is the same mail, and another address has keys of its own', async () => {
    const { postJson, pool } = await setup();
    const key = { 'idempotency-key': 'k1' };
    const first = await postJson('/password-resets', { email: ada.email }, key);
    const again = await postJson('/password-resets', { email: ada.email }, key);
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect((await postJson('/password-resets', { email: 'eve@example.com' }, key)).body).not.toEqual(first.body);
    const { rows } = await pool.query('select 1 from shop_password_resets');
    expect(rows).toHaveLength(2);
  });

  test("the request's correlation id and trace travel with its jobs", async () => {
    const { postJson, producer } = await setup();
    const traces: unknown[] = [];
    producer.facts.on('job.enqueued', ({ fields }) => traces.push(fields.traceId));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { body } = await postJson('/signup', ada, { 'x-request-id': 'request-1', traceparent });
    for (const id of body['jobIds'] as string[])
      expect(await producer.job(id)).toMatchObject({ correlationId: 'request-1' });
    expect(traces).toEqual(Array(4).fill('0af7651916cd43dd8448eb211c80319c'));
    const made = await postJson('/password-resets', { email: ada.email }, { 'x-request-id': 'a b', traceparent: 'x' });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(traces.at(-1)).toBeUndefined();
  });
});

describe('what the shop states in the transaction of the change, also while the queues are away', () => {
  async function setup() {
    const shop = await withoutQueues();
    const [userId, orderId] = ['user-1', 'order-1'];
    await shop.pool.query('insert into shop_users (id, email, name) values ($1, $2, $3)', [
      userId,
      ada.email,
      ada.name,
    ]);
    const { email, items } = order;
    await createOrderStore(shop.pool).insert({ id: orderId, userId, email, currency: 'EUR', items, total: 4_900 });
    const patch = (body: unknown, id = userId) => shop.send(`/users/${id}`, JSON.stringify(body), {}, 'PATCH');
    return { ...shop, userId, orderId, patch };
  }

  test('user.registered and order.placed', async () => {
    const { postJson, written } = await withoutQueues();
    expect((await postJson('/signup', ada)).status).toBe(503);
    expect((await postJson('/orders', order)).status).toBe(503);
    const { events, jobs } = await written();
    expect(events).toMatchObject([
      { type: 'user.registered', data: ada },
      { type: 'order.placed', data: { userId: 'u1', total: 4_900 } },
    ]);
    expect(jobs).toEqual(['welcome-email', 'identify', 'track', 'in-app', 'order-confirmation', 'track']);
  });

  test('user.updated, with what really changed and nothing when nothing did', async () => {
    const { patch, written, userId, pool } = await setup();
    expect(await patch({ name: 'Ada Lovelace', email: ada.email })).toMatchObject({
      status: 202,
      body: { userId, name: 'Ada Lovelace', email: ada.email },
    });
    expect(await patch({ name: 'Ada Lovelace' })).toMatchObject({ status: 202, body: { jobIds: [] } });
    const { events, jobs } = await written();
    expect(events).toMatchObject([{ type: 'user.updated', data: { userId, name: 'Ada Lovelace' } }]);
    expect(events[0]?.data).not.toHaveProperty('email');
    expect(jobs).toEqual(['identify']);
    await pool.query("insert into shop_users (id, email, name) values ('user-2', 'eve@example.com', 'Eve')");
    expect((await patch({ email: 'EVE@example.com' })).status).toBe(409);
    expect((await patch({ name: 'Nobody' }, 'user-nobody')).status).toBe(404);
    expect((await patch({ admin: true })).status).toBe(400);
    expect((await written()).events.filter(({ type }) => type === 'user.updated')).toHaveLength(1);
  });

  test('order.shipped, once however often it is asked for', async () => {
    const { postJson, written, orderId, userId } = await setup();
    const first = await postJson(`/orders/${orderId}/shipment`, { carrier: 'Pigeon' });
    expect(first).toMatchObject({ status: 202, body: { orderId } });
    const again = await postJson(`/orders/${orderId}/shipment`, {});
    expect(again).toMatchObject({ status: 202, body: { shippedAt: first.body['shippedAt'], jobIds: [] } });
    const { events, jobs } = await written();
    expect(events).toMatchObject([{ type: 'order.shipped', data: { orderId, userId, carrier: 'Pigeon' } }]);
    expect(jobs).toEqual(['in-app']);
    expect((await postJson('/orders/order-nobody/shipment', {})).status).toBe(404);
  });

  test("payment.received, recorded once although the provider's message comes twice, also at once", async () => {
    const { pay, written, pool, orderId, userId } = await setup();
    const message = { status: 'received', paymentId: 'pay-1', orderId, amount: 4_900, currency: 'EUR' };
    const answers = await Promise.all([pay(message), pay(message)]);
    answers.push(await pay(message));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ body }) => body['recorded'] === true)).toHaveLength(1);
    const { rows } = await pool.query('select id, status, amount from shop_payments');
    expect(rows).toEqual([{ id: 'pay-1', status: 'received', amount: '4900' }]);
    const { events, jobs } = await written();
    expect(events).toMatchObject([
      { type: 'payment.received', data: { paymentId: 'pay-1', orderId, userId, amount: 4_900, currency: 'EUR' } },
    ]);
    expect(jobs).toEqual(['track']);
  });

  test('payment.failed, and a later success of the same payment stands', async () => {
    const { pay, written, pool, orderId, userId } = await setup();
    const parts = { paymentId: 'pay-1', orderId, amount: 4_900, currency: 'EUR' };
    const failed = { status: 'failed', ...parts, reason: 'The card has expired' };
    for (const message of [failed, { status: 'received', ...parts }, failed]) await pay(message);
    const { rows } = await pool.query('select status from shop_payments');
    expect(rows).toEqual([{ status: 'received' }]);
    const { events, jobs } = await written();
    expect(events).toMatchObject([
      { type: 'payment.failed', data: { paymentId: 'pay-1', orderId, userId, reason: 'The card has expired' } },
      { type: 'payment.received' },
    ]);
    expect(jobs).toEqual(['in-app', 'track']);
  });

  test('no failure that comes after the success of the same payment, and the success has its own amount', async () => {
    const { pay, written, pool, orderId } = await setup();
    const late = { paymentId: 'pay-1', orderId, amount: 4_900, currency: 'EUR' };
    expect((await pay({ status: 'received', ...late })).body['recorded']).toBe(true);
    const answer = await pay({ status: 'failed', ...late, reason: 'The card has expired' });
    expect(answer).toMatchObject({ status: 200, body: { recorded: false } });
    const other = { ...late, paymentId: 'pay-2' };
    await pay({ status: 'failed', ...other, reason: 'No funds' });
    await pay({ status: 'received', ...other, amount: 100, currency: 'USD' });
    const { rows } = await pool.query('select id, status, amount, currency from shop_payments order by id');
    expect(rows).toEqual([
      { id: 'pay-1', status: 'received', amount: '4900', currency: 'EUR' },
      { id: 'pay-2', status: 'received', amount: '100', currency: 'USD' },
    ]);
    const { events } = await written();
    expect(events).toMatchObject([
      { type: 'payment.received', data: { paymentId: 'pay-1' } },
      { type: 'payment.failed', data: { paymentId: 'pay-2' } },
      { type: 'payment.received', data: { paymentId: 'pay-2', amount: 100, currency: 'USD' } },
    ]);
  });

  test('a payment that nobody has signed, of no order, or that does not fit is refused and leaves nothing', async () => {
    const { pay, send, written, orderId } = await setup();
    const message = { status: 'received', paymentId: 'pay-1', orderId, amount: 1, currency: 'EUR' };
    const stranger = `whsec_${Buffer.from('a secret of somebody else').toString('base64')}`;
    expect((await pay(message, stranger)).status).toBe(401);
    expect((await send('/payment-webhooks', JSON.stringify(message))).status).toBe(401);
    expect((await send('/payment-webhooks', 'x', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await pay({ ...message, amount: -1 })).status).toBe(400);
    expect((await pay({ ...message, orderId: 'order-nobody' })).status).toBe(404);
    expect(await written()).toEqual({ events: [], jobs: [] });
    // The refused one left no mark either.
    expect((await pay(message)).body['recorded']).toBe(true);
  });
});

describe('what the shop refuses', () => {
  const setup = () => open(databaseUrl => connect({ postgres: databaseUrl }));

  test.each([
    ['/signup', { ...ada, name: '' }, 'name'],
    ['/signup', { ...ada, name: 'A\r\nBcc: x' }, 'name'],
    ['/signup', { ...ada, email: 'a@b.example, c@d.example' }, 'email'],
    ['/signup', { ...ada, admin: true }, '(root)'],
    ['/signup', [], '(root)'],
    ['/orders', { ...order, items: [] }, 'items'],
    ['/orders', { ...order, items: [{ productId: 'tea', quantity: 1.5, price: 1 }] }, 'items.0.quantity'],
    ['/orders', { ...order, items: [{ productId: 'tea', quantity: 1, price: -1 }] }, 'items.0.price'],
    ['/password-resets', { email: 7 }, 'email'],
  ])('%s %j is 400 and names %s', async (path, body, named) => {
    const { postJson } = await setup();
    const answer = await postJson(path, body);
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body['issues'])).toContain(named);
  });

  test('what is no JSON, too large, too deep, or reaches for a prototype', async () => {
    const { send, errors } = await setup();
    expect((await send('/signup', '{"email":')).status).toBe(400);
    expect((await send('/signup', JSON.stringify({ ...ada, name: 'x'.repeat(10_000_000) }))).status).toBe(413);
    expect((await send('/signup', `${'['.repeat(10_000)}${']'.repeat(10_000)}`)).status).toBe(400);
    expect((await send('/signup', '{"__proto__":{"polluted":1},"email":"a@b.example","name":"A"}')).status).toBe(400);
    expect((await send('/signup', JSON.stringify(ada), { 'content-type': 'text/plain' })).status).toBe(415);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(errors).toEqual([]);
  });

  test.each([
    ['/jobs/12', 404],
    ['/jobs/a:b', 404],
    ['/jobs/email-nothing', 404],
    ['/jobs/%ff', 400],
    ['/users/%00/notifications', 404],
    ['/users/%00/notifications/stream', 404],
    ['/users/%ff/notifications', 400],
    ['/nothing', 404],
  ])('%s is %i in JSON', async (path, status) => {
    const { base, errors } = await setup();
    const answer = await fetch(base + path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toHaveProperty('error');
    expect(errors).toEqual([]);
  });

  test('an id that names a queue of its own opens none', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const { base } = await open(() => connect({ redis: redis.url }));
    const inspector = new Redis(redis.url);
    cleanups.push(() => inspector.disconnect());
    expect((await fetch(`${base}/jobs/mine-00000000000000000000-0000000000`)).status).toBe(404);
    expect(await inspector.keys('*mine*')).toEqual([]);
  });

  test('while the queues are away it answers 503 with a hint to come back, and works again when they are back', async () => {
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const { base, postJson, pool } = await open(() => connect({ redis: redis.url }));
    const { status, body } = await postJson('/signup', ada);
    expect(status).toBe(202);
    const [id] = body['jobIds'] as string[];
    await redis.kill();
    expect((await fetch(`${base}/jobs/${id}`)).status).toBe(503);
    const away = await postJson('/signup', { ...ada, email: 'grace@example.com' });
    expect(away.status).toBe(503);
    expect(away.headers.get('retry-after')).toBe('2');
    expect(JSON.stringify(away.body)).not.toMatch(/redis|127\.0\.0\.1/i);
    // What was not mailed does not count against the few resets an hour.
    expect((await postJson('/password-resets', { email: ada.email })).status).toBe(503);
    expect((await pool.query('select 1 from shop_password_resets')).rowCount).toBe(0);
    await redis.restart();
    await expect.poll(async () => (await postJson('/signup', { ...ada, email: 'grace@example.com' })).status).toBe(202);
  });
});

test('the jobs of an order are followed live by its number, with how far they are, and those of no other order', async () => {
  let engine: Engine | undefined;
  const { base, postJson } = await open(async databaseUrl => {
    engine = openEngine({ url: databaseUrl, role: 'worker' });
    await engine.migrate();
    return connect({ postgres: databaseUrl });
  });
  if (engine === undefined) throw new Error('no engine');
  const items = [{ productId: 'p1', quantity: 1, price: 100 }];
  const { body } = await postJson('/orders', { userId: 'u1', email: 'ada@example.com', items });
  const abort = new AbortController();
  const stream = await fetch(`${base}/orders/${String(body['orderId'])}/live`, { signal: abort.signal });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('event: job')) text += (await reader?.read())?.value ?? '';
  expect(text).toContain('"name":"order-confirmation","state":"waiting"');
  const send = handle(orderConfirmation, async (_, run) => run.progress({ step: 'on its way' }));
  const host = createWorkerHost({
    app: defineApp({ jobs: [orderConfirmation], handlers: [send] }),
    engine,
    facts: new Facts(),
  });
  await host.start();
  while (!text.includes('"state":"succeeded"')) text += (await reader?.read())?.value ?? '';
  expect(text).toContain('"progress":{"step":"on its way"}');
  expect(text).not.toContain('ada@example.com');
  // All from one address, as behind a proxy.
  const others = Array.from({ length: 12 }, (_, each) => fetch(`${base}/orders/order-${each}/live`, abort));
  expect(new Set((await Promise.all(others)).map(({ status }) => status))).toEqual(new Set([200]));
  abort.abort();
  await host.stop(1_000);
  expect((await fetch(`${base}/orders/x/live`)).status).toBe(404);
});

test("a user's notifications arrive on the stream as they are stored", async () => {
  const { base, store } = await open(databaseUrl => connect({ postgres: databaseUrl }));
  const abort = new AbortController();
  const stream = await fetch(`${base}/users/u1/notifications/stream`, { signal: abort.signal });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  await store.insert({ id: 'n1', userId: 'u1', title: 'For u1', body: 'b' });
  await store.insert({ id: 'n2', userId: 'u2', title: 'For u2', body: 'b' });
  await store.insert({ id: 'n1', userId: 'u1', title: 'A repeat', body: 'b' });
  await store.insert({ id: 'n3', userId: 'u1', title: 'The last', body: 'b' });
  let text = '';
  while (!text.includes('The last')) text += (await reader?.read())?.value ?? '';
  expect(text.match(/For u1/g)).toHaveLength(1);
  expect(text).not.toMatch(/For u2|A repeat/);
  abort.abort();
});
