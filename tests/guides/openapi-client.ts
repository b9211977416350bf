import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { npm } from '../../local/release/packed.ts';
import { defineApp, defineJob, handle } from '../../src/contracts/index.ts';
import { inMemory } from '../support/memory-case.ts';
import { serveApi } from '../support/served-api.ts';

/** As the registry has them on the day; the generator needs a TypeScript before 7, so the client has one of its own. */
const PACKAGES = ['openapi-typescript@7', 'openapi-fetch@0.17', 'typescript@5', '@types/node@24'];

const greet = defineJob({
  queue: 'mail',
  name: 'greet/by name',
  schema: z.strictObject({ name: z.string().min(1), times: z.int().optional() }),
  result: z.object({ greeting: z.string() }),
});
const hidden = defineJob({ queue: 'mail', name: 'hidden', schema: z.strictObject({ secret: z.string() }) });
const app = defineApp({
  jobs: [greet, hidden],
  handlers: [handle(greet, ({ name }) => ({ greeting: `Hello ${name}` })), handle(hidden, () => undefined)],
});

/** What a user writes on top of the generated types. Each line that must not compile says so: a client without types would fail there. */
const CLIENT = `
import createClient from 'openapi-fetch';
import type { paths } from './jobs.js';

const [origin = '', token = ''] = process.argv.slice(2);
const jobs = createClient<paths>({ baseUrl: origin, headers: { Authorization: \`Bearer \${token}\` } });
const key = { 'Idempotency-Key': 'k-1' };
const queue = (name: string) =>
  jobs.POST('/api/v1/jobs/greet%2Fby%20name', { params: { header: key }, body: { data: { name } } });
const first = await queue('Ada');
const again = await queue('Ada');
const id = first.data?.id ?? '';
const ended = await jobs.GET('/api/v1/jobs/{id}/result', { params: { path: { id }, query: { wait: '20s' } } });
const read = await jobs.GET('/api/v1/jobs/{id}', { params: { path: { id } } });
const many = await jobs.POST('/api/v1/jobs', { body: { jobs: [{ name: 'greet/by name', data: { name: 'Bob' } }] } });
const wrong = await jobs.POST('/api/v1/jobs/greet%2Fby%20name', { body: { data: { name: '' } } });
const cancelled = await jobs.POST('/api/v1/jobs/{id}/cancel', { params: { path: { id } }, body: { reason: 'no more' } });
console.log(
  JSON.stringify([
    first.response.status,
    again.data?.id === id,
    ended.data,
    read.data?.state,
    many.data?.jobs.length,
    wrong.error?.code,
    cancelled.data?.answer ?? cancelled.error,
  ]),
);

export async function neverCalled(): Promise<void> {
  // @ts-expect-error its data has a name
  await jobs.POST('/api/v1/jobs/greet%2Fby%20name', { body: { data: { nme: 'Ada' } } });
  // @ts-expect-error this token has no scope for it
  await jobs.POST('/api/v1/jobs/hidden', { body: { data: { secret: 'x' } } });
}
`;

const SETTINGS = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2024',
    types: ['node'],
    skipLibCheck: false,
  },
  include: ['*.ts'],
};

/** A client that a generator of the registry makes of the door's OpenAPI, compiled as strict as can be and run. Answers how long the generator took. */
export async function tryOpenApiClient(work: string): Promise<number> {
  const folder = join(work, 'openapi-client');
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'client', private: true, type: 'module' }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(SETTINGS));
  writeFileSync(join(folder, 'client.ts'), CLIENT);
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...PACKAGES], folder);
  const door = await serveApi(inMemory, app);
  try {
    const name = encodeURIComponent(greet.name);
    const token = await door.token([`enqueue/${name}`, `read/${name}`, `cancel/${name}`]);
    const { body } = await door.ask('/api/v1/openapi.json', { token });
    writeFileSync(join(folder, 'jobs.json'), JSON.stringify(body));
    const begunAt = performance.now();
    const bin = (program: string, ...args: string[]): void => {
      execFileSync(join(folder, 'node_modules/.bin', program), args, {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
    };
    bin('openapi-typescript', 'jobs.json', '-o', 'jobs.d.ts');
    const seconds = (performance.now() - begunAt) / 1_000;
    bin('tsc', '--noEmit', '-p', '.');
    // The door answers in this process.
    const ran = await promisify(execFile)(process.execPath, ['client.ts', door.origin, token], { cwd: folder });
    const expected = JSON.stringify([
      202,
      true,
      { id: idIn(ran.stdout), state: 'succeeded', result: { greeting: 'Hello Ada' } },
      'succeeded',
      1,
      'INVALID_PAYLOAD',
      'ended',
    ]);
    if (ran.stdout.trim() !== expected) throw new Error(`expected ${expected}, got ${ran.stdout}`);
    return seconds;
  } finally {
    await door.stop();
  }
}

function idIn(text: string): string | undefined {
  return /"id":"([^"]+)"/.exec(text)?.[1];
}
