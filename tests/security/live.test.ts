import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { apiTokensOf, jobEvents, type Allowed, type JobEventsOptions } from '../../src/http/index.ts';
import { watchJobs } from '../../src/live/index.ts';
import { inMemory } from '../support/memory-case.ts';
import { runApp } from '../support/running-app.ts';
import { listen, readStream, serveApi } from '../support/served-api.ts';
import { waitFor } from '../support/wait-for.ts';

/** What somebody tries at live streams, and the answer that they must get. */

const PLANTED = 'planted-7f3a';
const schema = z.object({ order: z.string(), secret: z.string() });
const listed = defineJob({
  queue: 'q',
  name: 'listed',
  schema,
  sensitive: ['secret'],
  publicFields: ['data.order', 'result'],
});
const silent = defineJob({ queue: 'q', name: 'silent', schema });
const answer = ({ secret }: { readonly secret: string }) => ({ secret, text: `it is ${secret}` });
const app = defineApp({
  jobs: [listed, silent],
  handlers: [
    handle(listed, async (data, run) => {
      run.progress({ data });
      return answer(data);
    }),
    handle(silent, async (data, run) => {
      run.progress({ data });
      return answer(data);
    }),
  ],
});
const data = { order: 'o-1', secret: PLANTED };

describe('live streams', () => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  async function setup(allow: JobEventsOptions['allow'], options: Omit<JobEventsOptions, 'allow'> = {}) {
    const running = await runApp(inMemory, app);
    const errors: unknown[] = [];
    const live = jobEvents(running.client, { allow, onError: error => errors.push(error), ...options });
    const server = await listen(live.handler);
    cleanups.push(
      () => running.stop(),
      () => server.close(),
      () => live.close(),
    );
    return { ...running, ...server, live, errors };
  }

  test('a field that no contract lists is absent, and a sensitive value in one that it lists is redacted', async () => {
    let allowed: Allowed | undefined;
    const { client, origin } = await setup(() => allowed);
    for (const [contract, shown] of [
      [listed, { data: { order: 'o-1' }, result: { secret: '[redacted]', text: 'it is [redacted]' } }],
      [silent, {}],
    ] as const) {
      const { id } = await client.enqueue(contract, data);
      allowed = { caller: 'ada', job: id };
      const { events, ended } = await readStream(origin);
      await ended;
      expect(events.at(-2)?.data).toEqual({ id, name: contract.name, state: 'succeeded', ...shown });
      expect(JSON.stringify(events)).not.toContain(PLANTED);
    }
  });

  test('nobody is let in where the sign-in says no, fails, or answers what is no answer', async () => {
    let said: () => unknown = () => undefined;
    // As a program without types would.
    const { client, origin, errors } = await setup(() => said() as Allowed);
    const { id } = await client.enqueue(silent, data, { delay: '1h' });
    const answers: (() => unknown)[] = [
      () => undefined,
      () => null,
      () => true,
      () => ({}),
      () => ({ caller: '', job: id }),
      () => ({ caller: 'ada' }),
      () => ({ caller: 'ada', job: id, tag: {} }),
      () => ({ job: id }),
      () => ({ caller: 'ada', job: 'q-unknown' }),
    ];
    for (const each of answers) {
      said = each;
      expect((await readStream(origin)).status).toBe(404);
    }
    expect(errors).toEqual([]);
    said = () => Promise.reject(new Error('the sessions are away'));
    // The page comes again by itself, as it does not after 404.
    expect((await readStream(origin)).status).toBe(503);
    expect(errors).toHaveLength(1);
    said = () => ({ caller: 'ada', tag: {} });
    expect((await readStream(origin)).status).toBe(400);
  });

  test('a stream ends after a sign-out, and when the session is about another job', async () => {
    let allowed: Allowed | undefined;
    const { client, origin } = await setup(() => allowed, { askAgain: 20 });
    const [one, other] = await client.enqueueMany([silent(data, { delay: '1h' }), silent(data, { delay: '1h' })]);
    for (const then of [undefined, { caller: 'bob', job: one?.id ?? '' }, { caller: 'ada', job: other?.id ?? '' }]) {
      allowed = { caller: 'ada', job: one?.id ?? '' };
      const { events, ended } = await readStream(origin);
      await waitFor('the job to be shown', () => events.length > 0);
      allowed = then;
      await ended;
      expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-allowed' } });
    }
  });

  test('a stream ends after a sign-out also where the answer carried more than JSON can hold, such as the whole session', async () => {
    let user: { readonly id: bigint } | undefined = { id: 7n };
    const { client, origin } = await setup(() => user && { caller: 'ada', job: id, user }, { askAgain: 20 });
    const { id } = await client.enqueue(silent, data, { delay: '1h' });
    const { events, ended } = await readStream(origin);
    await waitFor('the job to be shown', () => events.length > 0);
    user = undefined;
    await ended;
    expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-allowed' } });
  });

  test('requests that are given up while the sign-in is asked take nobody’s share of streams', async () => {
    const answers: (() => void)[] = [];
    let isSlow = true;
    const { client, origin } = await setup(
      () => {
        const allowed = { caller: 'ada', job: id };
        if (!isSlow) return allowed;
        return new Promise<Allowed>(resolve => answers.push(() => resolve(allowed)));
      },
      { perCaller: 2 },
    );
    const { id } = await client.enqueue(silent, data, { delay: '1h' });
    const gone = [1, 2, 3].map(() => {
      const given = new AbortController();
      const asked = fetch(origin, { signal: given.signal }).catch(() => 'given up');
      return { given, asked };
    });
    await waitFor('all to be asked about', () => answers.length === 3);
    for (const { given, asked } of gone) {
      given.abort();
      expect(await asked).toBe('given up');
    }
    isSlow = false;
    for (const answer of answers) answer();
    await waitFor('a place', async () => {
      const { status, leave } = await readStream(origin);
      leave();
      return status === 200;
    });
  });

  test('a stream ends while the sign-in fails, and the page that comes again sees the job once it works', async () => {
    let ask = (): Allowed => ({ caller: 'ada', job: id });
    const { client, origin, errors } = await setup(() => ask(), { askAgain: 20 });
    const { id } = await client.enqueue(listed, data, { delay: '1h' });
    const seen: unknown[] = [];
    const watched = watchJobs(origin, { onJob: ({ state }) => seen.push(state) });
    cleanups.push(() => watched.stop());
    const { events, ended } = await readStream(origin);
    await waitFor('the job to be shown', () => seen.length === 1 && events.length > 0);
    const works = ask;
    ask = () => {
      throw new Error('the sessions are away');
    };
    await ended;
    expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-known' } });
    await waitFor('the page to be refused', () => errors.length >= 3);
    ask = works;
    await client.update(id, { data: { ...data, order: 'o-2' } });
    await waitFor('the page to see it again', () => seen.length === 2);
  });

  test('a stream ends at its time, and those of one caller are counted: the next is refused until one has left', async () => {
    let job = '';
    const { client, origin } = await setup(({ headers }) => ({ caller: String(headers['x-user']), job }), {
      perCaller: 2,
    });
    job = (await client.enqueue(silent, data, { delay: '1h' })).id;
    const [first, second] = [await readStream(origin, { 'x-user': 'a' }), await readStream(origin, { 'x-user': 'a' })];
    expect([first.status, second.status]).toEqual([200, 200]);
    expect((await readStream(origin, { 'x-user': 'a' })).status).toBe(429);
    const other = await readStream(origin, { 'x-user': 'b' });
    expect(other.status).toBe(200);
    first.leave();
    await waitFor('its place to be free', async () => {
      const { status, leave } = await readStream(origin, { 'x-user': 'a' });
      leave();
      return status === 200;
    });
    const short = await setup(() => ({ caller: 'a', job: 'x' }), { endAfter: 100 });
    const { id } = await short.client.enqueue(silent, data, { delay: '1h' });
    const timed = jobEvents(short.client, { allow: () => ({ caller: 'a', job: id }), endAfter: 100 });
    const server = await listen(timed.handler);
    cleanups.push(() => server.close());
    const { events, ended } = await readStream(server.origin);
    await ended;
    expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'time' } });
  });

  test('a page of another site is refused, and so is whatever is no reading', async () => {
    const { client, origin } = await setup(() => ({ caller: 'ada', job: 'x' }));
    expect((await readStream(origin, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect((await fetch(origin, { method: 'POST' })).status).toBe(405);
    const preflight = await fetch(origin, { method: 'OPTIONS', headers: { Origin: 'https://evil.example' } });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect(() => jobEvents({ ...client } as never, { allow: () => undefined })).toThrow('connect()');
    for (const [name, wrong] of [
      ['endAfter', '30d'],
      ['askAgain', 0],
    ] as const)
      expect(() => jobEvents(client, { allow: () => undefined, [name]: wrong })).toThrow(`Expected ${name}`);
  });

  test('what a reader says that it has seen of another job tells it nothing of that, and keeps nothing of its own from it: a Last-Event-ID is compared, never looked up', async () => {
    const api = await serveApi(inMemory, app);
    cleanups.push(() => api.stop());
    const [mine, other] = await api.client.enqueueMany([listed(data, { delay: '1h' }), silent(data, { delay: '1h' })]);
    const follow = async (id: string | undefined, token: string, seen: string) => {
      const headers = { Authorization: `Bearer ${token}`, 'Last-Event-ID': seen };
      const { events } = await readStream(`${api.origin}/api/v1/jobs/${id}/events`, headers);
      await waitFor('the job to be shown', () => events.length > 0);
      return events[0];
    };
    const theirs = await follow(other?.id, await api.token(['read/silent']), '');
    const token = await api.token(['read/listed']);
    for (const seen of [theirs?.id ?? '', other?.id ?? '', '*', '0', '__proto__', 'x'.repeat(5_000)])
      expect(await follow(mine?.id, token, seen)).toMatchObject({ name: 'job', data: { id: mine?.id } });
    const headers = { Authorization: `Bearer ${token}`, 'Last-Event-ID': theirs?.id ?? '' };
    expect((await readStream(`${api.origin}/api/v1/jobs/${other?.id}/events`, headers)).status).toBe(404);
  });

  test('a stream of the HTTP door ends when its token is revoked, and is 404 outside of the scope', async () => {
    const api = await serveApi(inMemory, app, { askAgainMs: 20 });
    cleanups.push(() => api.stop());
    const { id } = await api.client.enqueue(listed, data, { delay: '1h' });
    const token = await api.token(['read/listed']);
    const follow = (text: string) =>
      readStream(`${api.origin}/api/v1/jobs/${id}/events`, { Authorization: `Bearer ${text}` });
    expect((await follow(await api.token(['read/silent', 'enqueue/listed']))).status).toBe(404);
    const { events, ended } = await follow(token);
    await waitFor('the job to be shown', () => events.length > 0);
    expect(events[0]).toMatchObject({ name: 'job', data: { id, state: 'delayed' } });
    expect(JSON.stringify(events)).not.toContain(PLANTED);
    await apiTokensOf(api.engine).revoke(token.split('_')[1] ?? '');
    await ended;
    expect(events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'not-allowed' } });
  });

  test('a field is no word that every object answers to, unless the job has it itself', async () => {
    const odd = defineJob({
      queue: 'q',
      name: 'odd',
      schema: z.record(z.string(), z.unknown()),
      publicFields: ['data.constructor', 'data.toString', 'data.hasOwnProperty.name', 'result.constructor'],
    });
    const oddApp = defineApp({ jobs: [odd], handlers: [handle(odd, () => ({ made: true }))] });
    const { client, stop } = await runApp(inMemory, oddApp);
    cleanups.push(stop);
    const live = jobEvents(client, { app: oddApp, allow: () => ({ caller: 'ada', job: id }) });
    const server = await listen(live.handler);
    cleanups.push(
      () => server.close(),
      () => live.close(),
    );
    const { id } = await client.enqueue(odd, { toString: 'its own' });
    const { events, ended } = await readStream(server.origin);
    await ended;
    expect(events.at(-2)?.data).toEqual({ id, name: 'odd', state: 'succeeded', data: { toString: 'its own' } });
  });

  test('a contract cannot list what it calls sensitive, or what is no field', () => {
    const define = (...publicFields: never[]) =>
      defineJob({ queue: 'q', name: 'x', schema, sensitive: ['secret'], publicFields });
    for (const field of ['data.secret', 'data.secret.inner', 'data', 'secret', 'progress.', 'data.', 'resultx'])
      expect(() => define(field as never)).toThrow('publicFields');
    const nested = { queue: 'q', name: 'x', schema: z.object({ a: z.object({ b: z.string() }) }) } as const;
    expect(() => defineJob({ ...nested, sensitive: ['a.b'], publicFields: ['data.a'] })).toThrow('sensitive');
  });
});
