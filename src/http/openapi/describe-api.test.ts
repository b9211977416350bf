import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { inMemory } from '../../../tests/support/memory-case.ts';
import { serveApi } from '../../../tests/support/served-api.ts';
import { defineApp, defineJob, handle } from '../../contracts/index.ts';

interface Node {
  readonly [name: string]: Node;
}

const tree = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});
const plain = defineJob({
  queue: 'q',
  name: 'plain',
  schema: z.strictObject({ to: z.email(), copies: z.int().default(1) }),
});
const nested = defineJob({ queue: 'q', name: 'a/tree', schema: tree });
const dashed = defineJob({ queue: 'q', name: 'a tree', schema: z.object({ at: z.iso.datetime() }) });
const vague = defineJob({
  queue: 'q',
  name: 'vague',
  schema: z.object({ any: z.custom<string>(value => value === 'x') }),
});
const hidden = defineJob({ queue: 'q', name: 'hidden', schema: z.object({ secret: z.string() }) });
const jobs = [plain, nested, dashed, vague, hidden];
const nothing = (): void => undefined;
const app = defineApp({
  jobs,
  handlers: [
    handle(plain, nothing),
    handle(nested, nothing),
    handle(dashed, nothing),
    handle(vague, nothing),
    handle(hidden, nothing),
  ],
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function setup(scopes: readonly string[]) {
  const api = await serveApi(inMemory, app);
  cleanups.push(() => api.stop());
  const token = await api.token(scopes);
  const { status, body } = await api.ask('/api/v1/openapi.json', { token });
  expect(status).toBe(200);
  return { ...api, token, document: body as unknown as Node };
}

test('the description says what its reader may do, of their contracts alone, and nothing without a token', async () => {
  const { ask, document } = await setup(['enqueue/plain', 'read/plain']);
  expect(Object.keys(document['paths'] ?? {}).toSorted()).toEqual([
    '/api/v1/jobs',
    '/api/v1/jobs/plain',
    '/api/v1/jobs/{id}',
    '/api/v1/jobs/{id}/events',
    '/api/v1/jobs/{id}/result',
  ]);
  expect(JSON.stringify(document)).not.toMatch(/hidden|secret|vague|tree/);
  expect((await ask('/api/v1/openapi.json')).status).toBe(401);
});

test('the data of a contract is described as its schema takes it, also where it stands in itself or names have letters of their own', async () => {
  const { document } = await setup(['enqueue/plain', 'enqueue/a%2Ftree', 'enqueue/a%20tree']);
  expect(document['openapi']).toBe('3.1.0');
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'door');
  const dataOf = (path: string) => {
    const pointer = `#/paths/${`/api/v1/jobs/${path}`.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const schema = `${encodeURI(pointer)}/post/requestBody/content/application~1json/schema`;
    const check = ajv.compile({ $ref: `door${schema}` });
    return (data: unknown) => check({ data });
  };
  const [email, children, times] = [dataOf('plain'), dataOf('a%2Ftree'), dataOf('a%20tree')];
  expect(email({ to: 'a@b.example' })).toBe(true);
  expect(email({ to: 'a@b.example', more: 1 })).toBe(false);
  expect(email({})).toBe(false);
  expect(children({ name: 'a', children: [{ name: 'b', children: [] }] })).toBe(true);
  expect(children({ name: 'a', children: [{ name: 1, children: [] }] })).toBe(false);
  expect(times({ at: 1 })).toBe(false);
});

test('data that its schema library cannot describe is anything, and the description says why', async () => {
  const { document } = await setup(['enqueue/vague']);
  const schema =
    document['paths']?.['/api/v1/jobs/vague']?.['post']?.['requestBody']?.['content']?.['application/json']?.['schema'];
  expect(schema?.['properties']?.['data']).toEqual({ description: expect.stringContaining('Not described: ') });
});
