import { once as event } from 'node:events';
import type { Server } from 'node:http';
import { Pool, type PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SubjectErasedError, type Projections } from '../../src/event-store/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { tablesOf } from '../../tests/support/event-store.ts';
import { freshDatabase, type FreshDatabase } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { Bank } from './bank.ts';
import { createBank } from './create-bank.ts';
import { migrateBank } from './migrate.ts';

let database: FreshDatabase;
let pool: Pool;
let bank: Bank;
let projections: Projections;
let server: Server;
let base = '';
const failures: unknown[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  pool = new Pool({ connectionString: database.url, max: 20 });
  pool.on('error', () => undefined);
  await migrateBank(pool);
  bank = new Bank(pool, new Facts());
  projections = bank.projections();
  await projections.prepare();
  projections.start();
  server = createBank({ bank, projections, pool, onError: error => failures.push(error) }).listen(0, '127.0.0.1');
  await event(server, 'listening');
  const address = server.address();
  if (address !== null && typeof address !== 'string') base = `http://127.0.0.1:${address.port}`;
});
afterAll(async () => {
  server.close();
  await projections.stop();
  await bank.store.settle();
  await pool.end();
  await database.drop();
  if (failures.length > 0) throw new AggregateError(failures, 'The bank met errors that no caller could mend.');
});

type Json = Record<string, unknown>;
async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Json };
}
/** A read model that is behind answers 503 after a while, and is asked again. */
function get(path: string, atLeast: unknown = 0) {
  return waitFor(`the read model behind ${path} at ${String(atLeast)}`, async () => {
    const answer = await fetch(`${base}${path}${path.includes('?') ? '&' : '?'}atLeast=${String(atLeast)}`);
    const body = (await answer.json()) as Json;
    return answer.status !== 503 && { status: answer.status, body };
  });
}
async function open(initialBalance: number, ownerId = 'ada', currency = 'EUR'): Promise<string> {
  const { body } = await post('/accounts', { ownerId, ownerName: 'Ada', initialBalance, currency });
  return String(body['accountId']);
}
async function balance(id: string, atLeast: unknown = 0): Promise<unknown> {
  return (await get(`/accounts/${id}`, atLeast)).body['balance'];
}

/** Every table of the database in whose rows the text stands. */
async function tablesWith(text: string): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `select table_schema || '.' || table_name as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const { rowCount } = await pool.query(`select 1 from ${name} t where strpos(t::text, $1) > 0 limit 1`, [text]);
    if (rowCount === 1) found.push(name);
  }
  return found;
}

describe('the bank', () => {
  test('opens, deposits, withdraws, transfers and closes; its read models say so', async () => {
    const [a, b] = [await open(1_000, 'lea'), await open(0, 'lea')];
    await post(`/accounts/${a}/deposits`, { amount: 500, description: 'salary' });
    await post(`/accounts/${a}/withdrawals`, { amount: 200, description: 'rent' });
    const moved = await post('/transfers', { fromAccountId: a, toAccountId: b, amount: 1_300, description: 'all' });
    expect(moved).toMatchObject({
      status: 202,
      body: { transferId: expect.any(String), position: expect.any(Number) },
    });
    const closed = await post(`/accounts/${a}/closure`, { reason: 'moved' });
    expect(closed.status).toBe(201);
    const at = closed.body['position'];
    expect((await get(`/accounts/${a}`, at)).body).toEqual({
      id: a,
      ownerId: 'lea',
      ownerName: 'Ada',
      currency: 'EUR',
      balance: 0,
      isOpen: false,
      transactionCount: 4,
      lastTransactionAt: expect.any(String),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    const { transactions } = (await get(`/accounts/${a}/transactions`, at)).body as { transactions: Json[] };
    expect(transactions.map(({ type, amount, balanceAfter }) => [type, amount, balanceAfter])).toEqual([
      ['deposit', 1_000, 1_000],
      ['deposit', 500, 1_500],
      ['withdrawal', 200, 1_300],
      ['transfer_out', 1_300, 0],
    ]);
    const page = (await get(`/accounts/${a}/transactions?limit=2&offset=1`, at)).body as { transactions: Json[] };
    expect(page.transactions).toEqual(transactions.slice(1, 3));
    expect((await get(`/transfers/${String(moved.body['transferId'])}`, at)).body).toMatchObject({
      status: 'completed',
      fromAccountId: a,
      toAccountId: b,
      amount: 1_300,
    });
    expect((await get('/owners/lea/accounts', at)).body).toMatchObject({ accounts: [{ id: a }, { id: b }] });
    expect((await get('/owners/lea/summary', at)).body).toEqual({
      accountCount: 2,
      totalTransactions: 5,
      totalBalance: { EUR: 1_300 },
    });
  });

  test('adds up no currencies', async () => {
    await open(5, 'max', 'USD');
    await open(7, 'max', 'EUR');
    const { body } = await post('/accounts', { ownerId: 'max', initialBalance: 1, currency: 'EUR' });
    expect((await get('/owners/max/summary', body['position'])).body['totalBalance']).toEqual({ EUR: 8, USD: 5 });
  });

  test.each([
    ['/accounts', { ownerId: 'a', initialBalance: -1, currency: 'EUR' }],
    ['/accounts', { ownerId: 'a', initialBalance: 1, currency: 'eur' }],
    ['/accounts', { initialBalance: 1, currency: 'EUR' }],
    ['/accounts/:id/deposits', { amount: 0 }],
    ['/accounts/:id/deposits', { amount: 1.5 }],
    ['/accounts/:id/deposits', { amount: '5' }],
    ['/accounts/:id/withdrawals', { amount: 1e300 }],
    ['/accounts/:id/withdrawals', {}],
    ['/transfers', { fromAccountId: 'x', toAccountId: 'x', amount: 1 }],
    ['/accounts/:id/deposits', [1]],
    ['/accounts', { ownerId: 'a', ownerName: 'A\0da', initialBalance: 1, currency: 'EUR' }],
  ])('answers 400 to POST %s %j', async (path, body) => {
    expect(await post(path.replace(':id', 'x'), body)).toMatchObject({
      status: 400,
      body: { issues: expect.any(Array) },
    });
  });

  test.each(['1e400', '1.00000000000000000001', '999999999999.9999999', '9007199254740993', 'NaN', '0x5', 'null'])(
    'answers 400 to the amount %s, which no parser may make an integer of',
    async amount => {
      const a = await open(10);
      const answer = await fetch(`${base}/accounts/${a}/deposits`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"amount":${amount}}`,
      });
      expect(answer.status).toBe(400);
    },
  );

  test('answers 409 where a rule forbids it, 404 where nothing is there', async () => {
    const [a, dollars] = [await open(10), await open(10, 'ada', 'USD')];
    expect((await post(`/accounts/${a}/withdrawals`, { amount: 11 })).status).toBe(409);
    expect((await post(`/accounts/${a}/closure`, { reason: '' })).status).toBe(409);
    const transfer = (fromAccountId: string, toAccountId: string) =>
      post('/transfers', { fromAccountId, toAccountId, amount: 10 });
    expect((await transfer(a, dollars)).status).toBe(409);
    expect((await transfer(a, 'nobody')).status).toBe(404);
    expect((await transfer('nobody', a)).status).toBe(404);
    expect((await post('/accounts/nobody/deposits', { amount: 1 })).status).toBe(404);
    for (const path of ['/accounts/nobody', '/transfers/none', '/accounts/nobody/transactions', '/nowhere']) {
      expect((await get(path)).status).toBe(404);
    }
    for (const query of ['limit=0', 'limit=x', 'offset=-1', 'limit=1&limit=2', 'atLeast=1.5']) {
      expect((await fetch(`${base}/accounts/${a}/transactions?${query}`)).status).toBe(400);
    }
    const { body } = await post(`/accounts/${a}/withdrawals`, { amount: 10 });
    const closed = await post(`/accounts/${a}/closure`, {});
    expect(closed.body['position']).toBeGreaterThan(Number(body['position']));
    expect((await post(`/accounts/${a}/deposits`, { amount: 1 })).status).toBe(409);
  });

  test('does what stands under an Idempotency-Key once, also when it is asked ten times at once', async () => {
    const a = await open(100);
    const ask = (amount: number, user = 'ada') =>
      post(
        `/accounts/${a}/withdrawals`,
        { amount, description: 'once' },
        { 'idempotency-key': `k-${a}`, 'x-user-id': user },
      );
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(60)));
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await balance(a, answers[0]?.body['position'])).toBe(40);
    expect(await ask(61)).toMatchObject({ status: 409 });
    // Somebody else's key of the same name is another key; a refusal is not kept.
    expect(await ask(60, 'bob')).toMatchObject({ status: 409 });
    await post(`/accounts/${a}/deposits`, { amount: 20 });
    expect(await ask(60, 'bob')).toMatchObject({ status: 201 });
    const opening = { ownerId: 'ida', initialBalance: 1, currency: 'EUR' };
    const [one, two] = [
      await post('/accounts', opening, { 'idempotency-key': 'ida-opens' }),
      await post('/accounts', opening, { 'idempotency-key': 'ida-opens' }),
    ];
    expect(two).toEqual(one);
  });

  test('reads a long account from a snapshot', async () => {
    const a = await open(0);
    for (let n = 1; n <= 200; n += 1) await post(`/accounts/${a}/deposits`, { amount: n });
    const { rows } = await pool.query(`select version from ${tablesOf(bank.store).snapshot} where stream = $1`, [
      `account-${a}`,
    ]);
    expect(rows).toEqual([{ version: '200' }]);
    const { body } = await post(`/accounts/${a}/withdrawals`, { amount: 20_100 });
    expect(await balance(a, body['position'])).toBe(0);
  });

  test("keeps the command's user and correlation in its events", async () => {
    const { body } = await post(
      '/accounts',
      { ownerId: 'ada', initialBalance: 1, currency: 'EUR' },
      { 'x-user-id': 'clerk-7', 'x-request-id': 'request-9' },
    );
    for await (const opened of bank.store.readStream(`account-${String(body['accountId'])}`)) {
      expect(opened).toMatchObject({
        type: 'account.opened',
        metadata: { userId: 'clerk-7', correlationId: 'request-9' },
      });
    }
  });

  test('forgets the name of an owner who is erased, everywhere, and keeps the money', async () => {
    const opening = { ownerId: 'eve', ownerName: 'Eve Secret', initialBalance: 5, currency: 'EUR' };
    const { body } = await post('/accounts', opening);
    const id = String(body['accountId']);
    expect((await get(`/accounts/${id}`, body['position'])).body['ownerName']).toBe('Eve Secret');
    const stored = await pool.query(
      `select payload::text from ${tablesOf(bank.store).event} where payload::text like '%Secret%'`,
    );
    expect(stored.rows).toEqual([]);
    // Another process, that has used the key a moment ago.
    const elsewhere = new Bank(pool, new Facts());
    await elsewhere.open(opening, {});
    const erased = await post('/owners/eve/erasure', {});
    await expect(elsewhere.open(opening, {})).rejects.toThrow(SubjectErasedError);
    await elsewhere.store.settle();
    expect((await get(`/accounts/${id}`, erased.body['position'])).body).toMatchObject({
      ownerName: 'Erased',
      balance: 5,
    });
    for await (const opened of bank.store.readStream(`account-${id}`)) {
      expect(opened).toMatchObject({ payload: { ownerName: 'Erased', initialBalance: 5 }, problem: undefined });
    }
    await projections.rebuild('accounts');
    expect(await balance(id)).toBe(5);
    expect(await tablesWith('Eve Secret')).toEqual([]);
    expect(await tablesWith(id)).toContain('read_accounts.account');
    const again = await post('/accounts', { ownerId: 'eve', initialBalance: 5, currency: 'EUR' });
    expect(again.status).toBe(409);
  });

  test('serves a page that loads nothing from elsewhere', async () => {
    const page = await fetch(base);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(await page.text()).toContain('<title>The bank</title>');
  });
});

describe('a transfer', () => {
  test('that is cut short at any step moves all of the money or none, and asked again it moves it once', async () => {
    const [a, b] = [await open(1_000), await open(0)];
    const transfer = { fromAccountId: a, toAccountId: b, amount: 10, description: '' };
    let moved = 0;
    let step = 0;
    for (let finished = false; !finished; step += 1) {
      const cut = cutAfter(step);
      const cutBank = new Bank(cut.pool, new Facts());
      const cutServer = createBank({ bank: cutBank, projections, pool: cut.pool, onError: () => undefined }).listen(
        0,
        '127.0.0.1',
      );
      await event(cutServer, 'listening');
      const address = cutServer.address();
      const port = address !== null && typeof address !== 'string' ? address.port : 0;
      const key = { 'content-type': 'application/json', 'idempotency-key': `cut-${a}-${step}` };
      const body = JSON.stringify(transfer);
      const answer = await fetch(`http://127.0.0.1:${port}/transfers`, { method: 'POST', headers: key, body });
      finished = answer.status === 202;
      cutServer.closeAllConnections();
      cutServer.close();
      await cut.end();
      // Who got no answer asks again, with the same key.
      const again = await post('/transfers', transfer, { 'idempotency-key': `cut-${a}-${step}` });
      expect(again.status).toBe(202);
      moved += 10;
      const position = again.body['position'];
      expect([await balance(a, position), await balance(b, position)]).toEqual([1_000 - moved, moved]);
    }
    // Begin, the key, two reads, the append, the answer, the commit: each was cut once.
    expect(step).toBeGreaterThan(6);
  });
});

/** A pool whose connections die after so many statements in all, the last one sent and its answer lost. */
function cutAfter(statements: number): { readonly pool: Pool; end(): Promise<void> } {
  const cut = new Pool({ connectionString: database.url, max: 5 });
  cut.on('error', () => undefined);
  let count = 0;
  cut.on('connect', (client: PoolClient) => {
    client.on('error', () => undefined);
    const send = client.query.bind(client) as (...args: unknown[]) => unknown;
    const dying = (...args: unknown[]): unknown => {
      count += 1;
      const result = send(...args);
      if (count !== statements + 1) return result;
      // Sent: the server may well do it. The answer never comes.
      setImmediate(() =>
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy(),
      );
      return result;
    };
    Object.assign(client, { query: dying });
  });
  return { pool: cut, end: () => cut.end() };
}
