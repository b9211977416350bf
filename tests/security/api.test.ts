import { connect } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { apiTokensOf, createHttpApi } from '../../src/http/index.ts';
import { inMemory } from '../support/memory-case.ts';
import { serveApi } from '../support/served-api.ts';
import { waitFor } from '../support/wait-for.ts';

/** What somebody tries at the HTTP door, and the answer that they must get. */

const PLANTED = 'planted-7f3a@example.com';
const schema = z.strictObject({ email: z.string().optional(), wait: z.boolean().optional() });
const mail = defineJob({ queue: 'mail', name: 'mail', schema, sensitive: ['email'], result: z.unknown() });
// Names that hold what separates a scope, and that differ by their case alone.
const nested = defineJob({ queue: 'mail', name: 'mail/read', schema });
const upper = defineJob({ queue: 'mail', name: 'Mail', schema });
const encoded = defineJob({ queue: 'mail', name: 'mail%2Fread', schema });
const dots = defineJob({ queue: 'mail', name: '..', schema });
const secret = defineJob({ queue: 'vault', name: 'secret', schema });
const jobs = [mail, nested, upper, encoded, dots, secret];
const app = defineApp({
  jobs,
  handlers: [
    handle(mail, ({ email = '' }, run) => {
      run.progress({ email, note: `to ${email}` });
      return { email, note: `sent to ${email}` };
    }),
    ...jobs.slice(1).map(contract => handle(contract, () => undefined)),
  ],
});

describe('the HTTP door', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  async function setup() {
    const api = await serveApi(inMemory, app);
    cleanups.push(() => api.stop());
    return api;
  }

  test('what a run of a contract that encrypts has returned is not shown, as on no page: it may be made of a secret', async () => {
    const link = defineJob({
      queue: 'mail',
      name: 'link',
      schema: z.strictObject({ user: z.string(), token: z.string() }),
      encrypt: ['token'],
      result: z.strictObject({ link: z.string() }).nullable(),
    });
    const work = handle(link, ({ user }) => (user === 'u1' ? { link: PLANTED } : null));
    const api = await serveApi(inMemory, defineApp({ jobs: [link], handlers: [work] }));
    cleanups.push(() => api.stop());
    const token = await api.token(['read/link']);
    const resultOf = async (user: string): Promise<unknown> => {
      const { id } = await api.client.enqueue(link, { user, token: 'hunter2' });
      return (await api.ask(`/api/v1/jobs/${id}/result?wait=20s`, { token })).body;
    };
    expect(await resultOf('u1')).toMatchObject({ state: 'succeeded', result: '[encrypted]' });
    expect(await resultOf('u2')).toMatchObject({ state: 'succeeded', result: null });
  });

  test('tries without a token that stands are limited for each address, by the nearest that no trusted proxy has written; tokens that stood are not shut out', async () => {
    const api = await serveApi(
      inMemory,
      app,
      {},
      // None comes back while the test lasts.
      { tries: { max: 3, perMs: 86_400_000 }, trustProxy: '127.0.0.1,10.0.0.0/8' },
    );
    cleanups.push(() => api.stop());
    const token = await api.token(['read/mail']);
    const late = await api.token(['read/mail']);
    const from = (forwarded: string, by?: string) =>
      api.ask('/api/v1/jobs/mail-1', {
        ...(by !== undefined && { token: by }),
        headers: { 'X-Forwarded-For': forwarded },
      });
    // Whatever a caller writes itself stands further to the left.
    const statuses = async (forwarded: string, by?: string) => (await from(forwarded, by)).status;
    expect(await statuses('192.0.2.7', token)).toBe(404);
    for (const nth of [1, 2, 3]) expect(await statuses(`198.51.100.${nth}, 192.0.2.7, 10.1.1.${nth}`)).toBe(401);
    const refused = await from('192.0.2.7', 'swt_wrong');
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: 'REQUEST_REFUSED',
        detail: 'Expected fewer requests without a token that stands from this address.',
      },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(refused.body)).not.toContain('192.0.2.7');
    // Good, and not known there: nobody looks.
    expect(await statuses('192.0.2.7', late)).toBe(429);
    expect(await statuses('192.0.2.7', token)).toBe(404);
    expect(await statuses('192.0.2.8', late)).toBe(404);
    // Known by now.
    expect(await statuses('192.0.2.7', late)).toBe(404);
    await apiTokensOf(api.engine).revoke(late.split('_')[1] ?? '');
    expect(await statuses('192.0.2.7', late)).toBe(401);
    expect(await statuses('192.0.2.7', late)).toBe(429);
  });

  test('behind a proxy that nobody has named, and with IPv6, an address is the other end of the connection, and a host has one /64', async () => {
    const tries = { max: 2, perMs: 86_400_000 };
    const bare = await serveApi(inMemory, app, {}, { tries });
    const one = await serveApi(inMemory, app, {}, { tries, trustProxy: 1 });
    cleanups.push(
      () => bare.stop(),
      () => one.stop(),
    );
    const ask = async ({ ask: asking }: typeof bare, forwarded: string) =>
      (await asking('/api/v1/jobs', { headers: { 'X-Forwarded-For': forwarded } })).status;
    const said: number[] = [];
    for (const nth of [1, 2, 3]) said.push(await ask(bare, `192.0.2.${nth}`));
    expect(said).toEqual([401, 401, 429]);
    const hops: number[] = [];
    for (const nth of [1, 2, 3]) hops.push(await ask(one, `192.0.2.${nth}, 2001:db8:0:1::${nth}`));
    expect(hops).toEqual([401, 401, 429]);
    expect(await ask(one, '2001:db8:0:2::1')).toBe(401);
    // What is no address is nobody's.
    expect(await ask(one, 'unknown')).toBe(401);
  });

  test('a door whose tries are no rate is not made', async () => {
    const { client } = await setup();
    expect(() => createHttpApi({ client, app, tries: { max: 0, perMs: 1_000 } })).toThrow(
      'Expected tries to be 1 to 1,000,000 requests in 1 ms to a day, got {"max":0,"perMs":1000}.',
    );
  });

  test('a token by its prefix, its length, its case, its digest or none at all is 401, all alike', async () => {
    const { ask, engine, token } = await setup();
    const good = await token(['read/mail']);
    const [, id] = good.split('_');
    const other = await token(['read/mail']);
    const wrong = [
      '',
      'x',
      good.slice(0, -1),
      `${good}A`,
      good.slice(0, 20),
      good.toUpperCase(),
      // The right id with the secret of another token.
      `swt_${id}_${other.slice(21)}`,
      `swt_${'0'.repeat(16)}_${good.slice(21)}`,
      `swt___proto__${good.slice(13)}`,
      'a'.repeat(199),
    ];
    const answers = await Promise.all(wrong.map(each => ask('/api/v1/jobs/mail', { token: each })));
    const [first] = answers;
    expect(first?.status).toBe(401);
    expect(first?.headers.get('www-authenticate')).toContain('Bearer');
    for (const answer of answers) expect(answer.body).toEqual(first?.body);
    // Also where there is nothing.
    expect((await ask('/api/v1/')).status).toBe(401);
    expect((await ask('/api/v1/jobs/mail', { headers: { Authorization: `Basic ${good}` } })).status).toBe(401);
    expect((await ask('/api/v1/jobs/unknown', { token: good })).status).toBe(404);
    // What is kept lets nobody in.
    const kept = JSON.stringify(await apiTokensOf(engine).list());
    expect(kept).not.toContain(good.slice(21));
  });

  test('a token in the address is refused, also a good one', async () => {
    const { ask, token } = await setup();
    const good = await token(['read/mail']);
    const encoded = good.replace('swt_', '%73wt%5F');
    for (const query of [
      `access_token=${good}`,
      `token=${good}`,
      `x=${good}`,
      `x=${encoded}`,
      encodeURIComponent(encoded),
      'access%5Ftoken=of-another',
      '%74oken%3Dof-another',
    ]) {
      const answer = await ask(`/api/v1/jobs/mail?${query}`, { token: good });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toContain(good);
    }
  });

  test('a scope reaches its own contract alone, whatever separators, dots or cases names hold', async () => {
    const { ask, token } = await setup();
    const only = await token(['enqueue/mail', 'read/mail', 'cancel/mail']);
    const send = (path: string, by = only) => ask(`/api/v1/jobs/${path}`, { token: by, body: { data: {} } });
    expect((await send('mail')).status).toBe(202);
    for (const path of [
      'mail%2Fread',
      'mail%252Fread',
      'Mail',
      'MAIL',
      'secret',
      '%2E%2E',
      'mail%2F..',
      'mail%00',
      'mail/',
    ])
      expect([path, (await send(path)).status]).toEqual([path, 404]);
    const many = await ask('/api/v1/jobs', {
      token: only,
      body: {
        jobs: [
          { name: 'mail', data: {} },
          { name: 'mail/read', data: {} },
        ],
      },
    });
    expect(many.status).toBe(404);
    // The other way round: each spelling is a name of its own.
    const withSlash = await token(['enqueue/mail%2Fread']);
    expect((await send('mail%2Fread', withSlash)).body).toMatchObject({ name: 'mail/read' });
    for (const path of ['mail', 'mail%252Fread', 'read']) expect((await send(path, withSlash)).status).toBe(404);
    const withPercent = await token(['enqueue/mail%252Fread']);
    expect((await send('mail%252Fread', withPercent)).body).toMatchObject({ name: 'mail%2Fread' });
    expect((await send('mail%2Fread', withPercent)).status).toBe(404);
  });

  test('a scope in any other spelling is none: it cannot be given', async () => {
    const { token } = await setup();
    for (const scope of [
      'enqueue/mail/read',
      'enqueue/mail%2fread',
      'Enqueue/mail',
      'enqueue/',
      'enqueue',
      '*',
      'enqueue/%',
      'admin/mail',
    ])
      await expect(token([scope])).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    await expect(token([])).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });

  test('a job outside of the scope is answered as one that does not exist, by every route', async () => {
    const { ask, client, token } = await setup();
    const [hidden, own] = await client.enqueueMany([
      secret({}, { delay: '1h' }),
      mail({ email: PLANTED }, { delay: '1h' }),
    ]);
    const reader = await token(['read/mail', 'enqueue/secret', 'cancel/secret']);
    const unknown = await ask('/api/v1/jobs/vault-000000000000-aaaaaaaaaa', { token: reader });
    for (const path of [`${hidden?.id}`, `${hidden?.id}/result`, 'vault-1', 'mail-0-x', '%00', 'a:b', '{x}', '123'])
      expect(await ask(`/api/v1/jobs/${path}`, { token: reader })).toMatchObject({ status: 404, body: unknown.body });
    // Reading is not cancelling.
    const cancel = await ask(`/api/v1/jobs/${own?.id}/cancel`, { token: reader, method: 'POST' });
    expect(cancel).toMatchObject({ status: 404, body: unknown.body });
    expect((await ask(`/api/v1/jobs/${own?.id}`, { token: reader })).status).toBe(200);
  });

  test('another token has keys of its own: it learns nothing of a job that it did not queue', async () => {
    const { ask, token } = await setup();
    const send = (by: string, key: string) =>
      ask('/api/v1/jobs/secret', { token: by, headers: { 'Idempotency-Key': key }, body: { data: {} } });
    const [one, two] = [await token(['enqueue/secret']), await token(['enqueue/secret'])];
    const first = await send(one, 'k');
    const id = one.split('_')[1];
    for (const key of ['k', `${id}/k`, `/k`]) {
      const answer = await send(two, key);
      expect(answer.body).toMatchObject({ deduplicated: false });
      expect(answer.body['id']).not.toBe(first.body['id']);
    }
  });

  test.each([
    ['the result', (): string => PLANTED],
    [
      'the reason why there is none',
      (): never => {
        throw new Error(PLANTED);
      },
    ],
  ])('a token that is revoked while its request waits for a result gets none, nor %s', async (_, end) => {
    const gate = Promise.withResolvers<void>();
    const slow = defineJob({ queue: 'mail', name: 'slow', schema, result: z.string(), retry: { attempts: 1 } });
    const work = handle(slow, () => gate.promise.then(end));
    const api = await serveApi(inMemory, defineApp({ jobs: [slow], handlers: [work] }));
    cleanups.push(() => api.stop());
    const token = await api.token(['read/slow']);
    const { id } = await api.client.enqueue(slow, {});
    const looked = vi.spyOn(api.client, 'result');
    const asked = api.ask(`/api/v1/jobs/${id}/result?wait=30s`, { token });
    await waitFor('it to wait', async () => looked.mock.calls.length > 0);
    await apiTokensOf(api.engine).revoke(token.split('_')[1] ?? '');
    gate.resolve();
    const answer = await asked;
    expect(answer.status).toBe(401);
    expect(JSON.stringify(answer.body)).not.toMatch(new RegExp(`${PLANTED}|RESULT_`));
  });

  test('a name, key, reason or option of odd characters is taken or refused, and never a failure of the door', async () => {
    const { ask, client, errors, token } = await setup();
    const writer = await token(['enqueue/mail', 'read/mail', 'cancel/mail']);
    const post = (path: string, body: unknown) => ask(`/api/v1/jobs${path}`, { token: writer, body });
    for (const odd of [
      '\u0000',
      '\ud800',
      'a\udc00',
      '\u202e',
      '\r\nX: y',
      '__proto__',
      'constructor',
      '',
      '\u{1f389}',
    ]) {
      const { id } = await client.enqueue(mail, {}, { delay: '1h' });
      const statuses = [
        await post('', { jobs: [{ name: odd, data: {} }] }),
        await post('', { jobs: [{ name: 'mail', data: {}, idempotencyKey: odd }] }),
        await post('/mail', { data: { email: odd } }),
        await post('/mail', { data: { [odd]: odd } }),
        await post('/mail', { data: {}, options: { correlationId: odd, generated: [odd] } }),
        await post('/mail', { data: {}, options: { [odd]: odd } }),
        await post('/mail', { data: {}, options: { at: odd, delay: odd, priority: odd } }),
        await post(`/${id}/cancel`, { reason: odd }),
      ].map(({ status }) => status);
      expect([odd, statuses.filter(status => ![200, 202, 400, 404].includes(status))]).toEqual([odd, []]);
      expect(statuses[0]).toBe(404);
    }
    expect(errors).toEqual([]);
  });

  test('requests that two readers could take for different ones are refused: two lengths, a length beside chunks, a header in two lines, two idempotency keys; the last of two fields counts, checked', async () => {
    const { ask, origin, token } = await setup();
    const writer = await token(['enqueue/mail', 'read/mail']);
    const head = `Host: x\r\nAuthorization: Bearer ${writer}\r\nContent-Type: application/json\r\n`;
    const body = '{"data":{}}';
    const requests: readonly (readonly [text: string, status: number])[] = [
      [
        `POST /api/v1/jobs/mail HTTP/1.1\r\n${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        400,
      ],
      [`POST /api/v1/jobs/mail HTTP/1.1\r\n${head}Content-Length: 5\r\nContent-Length: 11\r\n\r\n${body}`, 400],
      [`POST /api/v1/jobs/mail HTTP/1.1\r\n${head}Transfer-Encoding: xchunked\r\n\r\n${body}`, 400],
      [`GET /api/v1/jobs/x HTTP/1.1\r\n${head}X: a\r\n b\r\n\r\n`, 400],
      [`GET /api/v1/jobs/x HTTP/1.1\r\nAuthorization : Bearer ${writer}\r\nHost: x\r\n\r\n`, 400],
      // Two keys would be one of their own, new with each repeat where one of them is a library's.
      [
        `POST /api/v1/jobs/mail HTTP/1.1\r\n${head}Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 11\r\n\r\n${body}`,
        400,
      ],
      // The first counts, which a proxy has looked at.
      [`GET /api/v1/jobs/x HTTP/1.1\r\nAuthorization: Bearer none\r\n${head}\r\n`, 401],
      [`GET http://evil.example/api/v1/jobs/x HTTP/1.1\r\n${head}\r\n`, 404],
      [`TRACE /api/v1/jobs/x HTTP/1.1\r\n${head}\r\n`, 405],
      [`HEAD /api/v1/jobs/x HTTP/1.1\r\n${head}\r\n`, 405],
      [`POST /api/v1/jobs/x HTTP/1.1\r\n${head}X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n`, 404],
    ];
    const said = await Promise.all(requests.map(([text]) => statusOf(origin, text)));
    expect(said).toEqual(requests.map(([, status]) => status));
    const twice = (last: string) => ask('/api/v1/jobs/mail', { token: writer, body: `{"data":{},"data":${last}}` });
    expect((await twice('{"email":[1]}')).status).toBe(400);
    expect((await twice('{"email":"a"}')).status).toBe(202);
  });

  test('what a contract calls sensitive stands in no answer: result, progress, errors of its data', async () => {
    const { ask, client, facts, token } = await setup();
    const reader = await token(['read/mail', 'enqueue/mail']);
    const ended = facts.next('job.succeeded');
    const { id } = await client.enqueue(mail, { email: PLANTED });
    await ended;
    const answers = [
      await ask(`/api/v1/jobs/${id}`, { token: reader }),
      await ask(`/api/v1/jobs/${id}/result`, { token: reader }),
      await ask('/api/v1/jobs/mail', { token: reader, body: { data: { email: PLANTED, wait: PLANTED } } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 400]);
    expect(answers[1]?.body['result']).toEqual({ email: '[redacted]', note: 'sent to [redacted]' });
    for (const { body } of answers) expect(JSON.stringify(body)).not.toContain(PLANTED);
  });

  test('bodies: too large, of another type, compressed, not UTF-8, not JSON, nested too deep, with a prototype', async () => {
    const { ask, origin, token } = await setup();
    const writer = await token(['enqueue/mail']);
    const send = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
      ask('/api/v1/jobs/mail', { token: writer, body, headers });
    const statuses = await Promise.all([
      send({ data: { email: 'x'.repeat(400_000) } }),
      send('{"data":{}}', { 'Content-Type': 'text/plain' }),
      send('data=1', { 'Content-Type': 'application/x-www-form-urlencoded' }),
      send('{"data":{}}', { 'Content-Encoding': 'gzip' }),
      send('{"data":{}}', { 'Content-Type': 'application/json; charset=latin1' }),
      send('{"data":'),
      send(`{"data":${'['.repeat(10_000)}${']'.repeat(10_000)}}`),
      send('{"data":{"__proto__":{"x":1}}}'),
      send('{"data":{"constructor":{"prototype":{}}}}'),
      send('{"data":{},"__proto__":1}'),
      send('{"data":{},"attempts":1000000000}'),
      send('{"data":{},"options":{"delay":"9999999d"}}'),
      send('{"data":{},"options":{"priority":["high"]}}'),
      send('[]'),
      send('NaN'),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([
      413, 415, 415, 415, 415, 400, 400, 400, 400, 400, 400, 400, 400, 400, 400,
    ]);
    for (const { headers } of statuses) expect(headers.get('content-type')).toBe('application/problem+json');
    const bytes = await fetch(`${origin}/api/v1/jobs/mail`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${writer}`, 'Content-Type': 'application/json' },
      body: Buffer.from([0x7b, 0xff, 0x7d]),
    });
    expect(bytes.status).toBe(400);
    expect('x' in {}).toBe(false);
  });

  test('a body without an end is answered and its connection closed, whatever length it said', async () => {
    const { origin, token } = await setup();
    const writer = await token(['enqueue/mail']);
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.on('error', () => undefined);
    let said = '';
    const closed = new Promise<void>(resolve => socket.on('close', () => resolve()));
    socket.on('data', (text: Buffer) => (said += String(text)));
    socket.write(
      `POST /api/v1/jobs/mail HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${writer}\r\n` +
        'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    const flood = (): void => {
      while (!socket.destroyed && socket.writable && socket.write(chunk));
    };
    socket.on('drain', flood);
    flood();
    await closed;
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('another site gets no leave to read or send, and no address but the named ones is answered', async () => {
    const { ask, origin, token } = await setup();
    const reader = await token(['read/mail']);
    const preflight = await fetch(`${origin}/api/v1/jobs/mail`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(401);
    const answers = await Promise.all([
      ask('/api/v1/jobs/x', { token: reader, headers: { Origin: 'https://evil.example' } }),
      ask('/api/v1/jobs/x', { token: reader, headers: { Origin: 'null' } }),
    ]);
    for (const headers of [preflight.headers, ...answers.map(answer => answer.headers)])
      expect(headers.get('access-control-allow-origin')).toBeNull();
    // Schedules, tokens and erasures are made by no request.
    const others = ['schedules', 'schedules/x', 'schedules/x/pause', 'tokens', 'erase', 'pauses'].map(
      each => `/api/v1/${each}`,
    );
    for (const path of ['/api/v1//jobs', '/api/v1/jobs/x/y', '/api/v2/jobs', '/', '/api/v1/%zz', ...others])
      expect([path, (await ask(path, { token: reader })).status]).toEqual([path, 404]);
    const wrong = await ask('/api/v1/jobs/x', { token: reader, method: 'DELETE' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST, GET');
  });

  test('a token that asks too often is told when to come again, and others are not', async () => {
    const { ask, token } = await setup();
    const slow = await token(['read/mail'], { rate: { max: 2, perMs: 3_600_000 } });
    const statuses = [];
    for (let asked = 0; asked < 3; asked += 1) statuses.push((await ask('/api/v1/jobs/x', { token: slow })).status);
    expect(statuses).toEqual([404, 404, 429]);
    const refused = await ask('/api/v1/jobs/x', { token: slow });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
    expect((await ask('/api/v1/jobs/x', { token: await token(['read/mail']) })).status).toBe(404);
  });

  test('what goes wrong inside says so without a host, a stack or a message of the engine', async () => {
    const { ask, client, errors, token } = await setup();
    const writer = await token(['enqueue/mail']);
    await client.close();
    const closed = await ask('/api/v1/jobs/mail', { token: writer, body: { data: {} } });
    expect(closed).toMatchObject({ status: 503, body: { code: 'ENGINE_UNREACHABLE' } });
    expect(Object.keys(closed.body).toSorted()).toEqual(['code', 'detail', 'status', 'title', 'type']);
    expect(errors).toEqual([]);
  });
});

/** The status that a request is answered with, as it is written; 0 where its connection is closed without one. */
function statusOf(origin: string, text: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const socket = connect(Number(new URL(origin).port), '127.0.0.1', () => socket.write(text));
  let said = '';
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(0));
  socket.on('data', (part: Buffer) => {
    said += String(part);
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(said)?.[1];
    if (status === undefined) return;
    resolve(Number(status));
    socket.destroy();
  });
  return promise;
}
