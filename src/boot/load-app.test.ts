import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programEnvironment } from '../../tests/support/child-process.ts';
import { InvalidConfigError } from '../config/index.ts';
import { InvalidContractError } from '../contracts/index.ts';
import { loadApp } from './load-app.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shiftwork-app-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function loading(name: string, source: string): Promise<unknown> {
  const file = join(folder, name);
  await writeFile(file, source);
  return loadApp(file).catch((error: unknown) => error);
}

test('an app that throws while it loads is a fault of the configuration, with its place', async () => {
  const error = await loading('throws.mjs', '\n\nthrow new Error("no such setting\\nsecond line");');
  expect(error).toBeInstanceOf(InvalidConfigError);
  expect(String(error)).toMatch(/Error: no such setting \(at \/.*throws\.mjs:3/);
});

test('a module that an app imports and that is missing is named', async () => {
  expect(String(await loading('lacks.mjs', 'import "./missing.mjs";'))).toContain('missing.mjs');
});

test('a definition that cannot work keeps its own error', async () => {
  const contracts = new URL('../contracts/index.ts', import.meta.url).href;
  const error = await loading(
    'faulty.mjs',
    `import { defineApp } from ${JSON.stringify(contracts)};
     export default defineApp({ jobs: [], handlers: [], queues: { email: {} } });`,
  );
  expect(error).toBeInstanceOf(InvalidContractError);
});

test('another default export is refused, and so is no file', async () => {
  expect(String(await loading('other.mjs', 'export default { kind: "shop" };'))).toContain('defineApp');
  await expect(loadApp(undefined, folder)).rejects.toThrow(/found none; name it with --app/);
});

test('a default export that TypeScript compiled to CommonJS is found', async () => {
  const app = `{ kind: 'app', jobs: new Map() }`;
  const source = `Object.defineProperty(exports, '__esModule', { value: true });\nexports.default = ${app};`;
  expect(await loading('compiled.cjs', source)).toMatchObject({ kind: 'app' });
  expect(await loading('plain.cjs', `module.exports = ${app};`)).toMatchObject({ kind: 'app' });
});

test('where a package.json says CommonJS and the app is a module, what mends it is named', async () => {
  const file = join(folder, 'text.cjs');
  await writeFile(file, 'import "node:fs";');
  // In a process of its own: the test runner takes such a file for a module.
  const loader = new URL('load-app.ts', import.meta.url).href;
  const source = `import(${JSON.stringify(loader)}).then(m => m.loadApp(${JSON.stringify(file)})).catch(e => console.log(String(e)))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', source], { env: programEnvironment() });
  expect(stdout).toContain('npm pkg set type=module');
});
