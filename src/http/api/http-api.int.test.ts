import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { engineCases } from '../../../tests/support/engines.ts';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { serveApi } from '../../../tests/support/served-api.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { dead, defineApp, defineJob, handle } from '../../contracts/index.ts';

const greet = defineJob({
  queue: 'mail',
  name: 'greet/by name',
  schema: z.strictObject({ name: z.string().min(1) }),
  result: z.object({ greeting: z.string() }),
});
const fail = defineJob({ queue: 'mail', name: 'fail', schema: z.object({}) });
const app = defineApp({
  jobs: [greet, fail],
  handlers: [
    handle(greet, ({ name }, run) => {
      run.progress({ half: true });
      return { greeting: `Hello ${name}` };
    }),
    handle(fail, () => dead('it cannot work')),
  ],
});
const GREET = encodeURIComponent(greet.name);
const everything = ['enqueue', 'read', 'cancel'].flatMap(kind => [`${kind}/${GREET}`, `${kind}/fail`]);

describe.each([inMemory, ...engineCases])('the HTTP door on $kind', engineCase => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });
  async function setup() {
    const api = await serveApi(engineCase, app);
    cleanups.push(() => api.stop());
    return { ...api, token: await api.token(everything), tokenFor: api.token };
  }

  test('a job is enqueued, read, and its result waited for', async () => {
    const { ask, token } = await setup();
    const queued = await ask(`/api/v1/jobs/${GREET}`, { token, body: { data: { name: 'Ada' } } });
    expect(queued).toMatchObject({ status: 202, body: { name: greet.name, queue: 'mail', deduplicated: false } });
    const id = String(queued.body['id']);
    expect(queued.headers.get('location')).toBe(`./${id}`);
    expect(await ask(`/api/v1/jobs/${id}/result?wait=30s`, { token })).toMatchObject({
      status: 200,
      body: { id, state: 'succeeded', result: { greeting: 'Hello Ada' } },
    });
    expect(await ask(`/api/v1/jobs/${id}`, { token })).toMatchObject({
      status: 200,
      body: { id, name: greet.name, state: 'succeeded', progress: { half: true }, attemptsMade: 1, lastError: null },
    });
  });

  test('many are enqueued in one request, all checked before the first', async () => {
    const { ask, token } = await setup();
    const jobs = [1, 2].map(each => ({ name: greet.name, data: { name: `n${each}` }, options: { delay: '1h' } }));
    const queued = await ask('/api/v1/jobs', { token, body: { jobs } });
    expect(queued).toMatchObject({ status: 202, body: { jobs: [{ name: greet.name }, { name: greet.name }] } });
    const wrong = await ask('/api/v1/jobs', { token, body: { jobs: [...jobs, { name: greet.name, data: {} }] } });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD', issues: [{ path: 'name' }] } });
    expect(wrong.headers.get('content-type')).toBe('application/problem+json');
  });

  test('a repeat with its idempotency key is the first job, with other data a conflict, and of another token another job', async () => {
    const { ask, token, tokenFor } = await setup();
    const send = (by: string, name: string) =>
      ask(`/api/v1/jobs/${GREET}`, {
        token: by,
        headers: { 'Idempotency-Key': 'k-1' },
        body: { data: { name }, options: { delay: '1h' } },
      });
    const first = await send(token, 'Ada');
    expect(await send(token, 'Ada')).toMatchObject({ status: 202, body: { id: first.body['id'], deduplicated: true } });
    expect(await send(token, 'Bob')).toMatchObject({ status: 409, body: { code: 'IDEMPOTENCY_CONFLICT' } });
    const other = await send(await tokenFor([`enqueue/${GREET}`]), 'Bob');
    expect(other).toMatchObject({ status: 202, body: { deduplicated: false } });
    expect(other.body['id']).not.toBe(first.body['id']);
  });

  test('a job that waits is cancelled, one that has ended says so, and an end without a result is a problem with its code', async () => {
    const { ask, token } = await setup();
    const later = await ask(`/api/v1/jobs/${GREET}`, {
      token,
      body: { data: { name: 'Ada' }, options: { delay: '1h' } },
    });
    const id = String(later.body['id']);
    expect(await ask(`/api/v1/jobs/${id}/result`, { token })).toMatchObject({ status: 202, body: { state: 'open' } });
    const cancel = { token, method: 'POST', body: { reason: 'no more' } };
    expect(await ask(`/api/v1/jobs/${id}/cancel`, cancel)).toMatchObject({
      status: 200,
      body: { answer: 'requested' },
    });
    await waitFor('the job to end', async () => {
      const { body } = await ask(`/api/v1/jobs/${id}`, { token });
      return body['state'] === 'cancelled';
    });
    expect(await ask(`/api/v1/jobs/${id}/cancel`, { token, method: 'POST' })).toMatchObject({
      body: { answer: 'ended' },
    });
    const failed = await ask('/api/v1/jobs/fail', { token, body: { data: {} } });
    const ended = await ask(`/api/v1/jobs/${String(failed.body['id'])}/result?wait=30s`, { token });
    expect(ended).toMatchObject({ status: 409, body: { code: 'RESULT_DEAD', detail: expect.any(String) } });
  });

  test('a token that was revoked, or has ended, lets nobody in any more', async () => {
    const { ask, engine, token } = await setup();
    const { apiTokensOf } = await import('../tokens/api-tokens.ts');
    const tokens = apiTokensOf(engine);
    const [known] = await tokens.list();
    expect(known).toMatchObject({ name: 'a test', by: 'test', expiresAt: undefined });
    expect((await ask('/api/v1/jobs/unknown', { token })).status).toBe(404);
    expect(await tokens.revoke(known?.id ?? '')).toBe(true);
    expect(await tokens.revoke(known?.id ?? '')).toBe(false);
    expect(await ask('/api/v1/jobs/unknown', { token })).toMatchObject({
      status: 401,
      body: { code: 'REQUEST_REFUSED' },
    });
  });
});
