import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { CreateUsageError, readOrder, requireNode } from './arguments.ts';
import { writeApp } from './write-app.ts';

const TEMPLATE = fileURLToPath(new URL('template', import.meta.url));
const made: string[] = [];

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'create-'));
  made.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

test('with nothing said, the app is named after its default folder and takes the Shiftwork of this program', () => {
  expect(readOrder([], '/home/ada', '^1.2.3')).toEqual({
    folder: '/home/ada/shiftwork-app',
    name: 'shiftwork-app',
    shiftwork: '^1.2.3',
    install: true,
  });
});

test('a dot stands for the present folder', () => {
  expect(readOrder(['.', '--no-install'], '/home/ada/My-App', '^1.2.3')).toMatchObject({
    folder: '/home/ada/My-App',
    name: 'my-app',
    install: false,
  });
});

test.each([
  ['0.9.0', '0.9.0'],
  ['next', 'next'],
  ['./shiftwork-1.0.0.tgz', 'file:/home/ada/shiftwork-1.0.0.tgz'],
  ['file:lib/shiftwork.tgz', 'file:/home/ada/lib/shiftwork.tgz'],
  ['/lib/shiftwork', 'file:/lib/shiftwork'],
])('--shiftwork %s is found from where the caller stands: %s', (spec, expected) => {
  expect(readOrder(['app', '--shiftwork', spec], '/home/ada', '^1.2.3').shiftwork).toBe(expected);
});

test.each([
  [['a', 'b'], 'Expected one folder, found 2: a, b.'],
  [['ünïcode'], 'Expected a folder whose name npm takes'],
  [['--shiftwrok', 'x'], "Unknown option '--shiftwrok'"],
  [['--shiftwork', ''], 'Expected a version or the path of a tarball'],
])('%j is wrong use', (words, message) => {
  expect(() => readOrder(words, '/home/ada', '^1.2.3')).toThrow(CreateUsageError);
  expect(() => readOrder(words, '/home/ada', '^1.2.3')).toThrow(message);
});

test.each(['20.20.2', '22.17.9', '18.0.0'])(
  'Node %s is too old for the app, and that is said before anything is written',
  version => {
    expect(() => requireNode(version)).toThrow(`Expected Node 22.18 or newer, found ${version}`);
  },
);

test.each(['22.18.0', '24.1.0', '26.0.0'])('Node %s will do', version => {
  expect(() => requireNode(version)).not.toThrow();
});

test('the app is written with its names filled in, and with the files that npm would not pack', () => {
  const folder = join(emptyFolder(), 'app');
  writeApp({ folder, name: 'my-app', shiftwork: 'file:/lib/shiftwork.tgz', install: false }, TEMPLATE);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({ name: 'my-app', dependencies: { shiftwork: 'file:/lib/shiftwork.tgz' } });
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['.gitignore', '.dockerignore', 'shiftwork.config.ts']));
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('# my-app');
});

test('a folder that holds anything is left as it is; a .git alone is nothing', () => {
  const folder = emptyFolder();
  const order = { folder, name: 'my-app', shiftwork: '^1.2.3', install: false };
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  expect(() => writeApp(order, TEMPLATE)).toThrow('Expected an empty folder, found 1 entries');
  expect(readdirSync(folder)).toEqual(['notes.txt']);
  rmSync(join(folder, 'notes.txt'));
  writeFileSync(join(folder, '.git'), '');
  writeApp(order, TEMPLATE);
  expect(readdirSync(folder)).toContain('package.json');
});
