import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/**
 * Does a newer BullMQ still keep what src/engine/bullmq leans on? Installs it into a copy of this checkout in a temporary folder, and runs the
 * engines' own suites and the twins there. Nothing here changes.
 *
 * Use: `npm run test:newest-bullmq`, or `npm run test:newest-bullmq -- 6.7.1`.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const TRIALS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit']],
  ['engines alone', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'src/engine']],
  ['engines on servers', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'servers', 'src/engine']],
  ['jobs of other programs', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'servers', 'src/runtime/host']],
  ['twins on Redis', ['tests/twins/main.ts', '--seeds', '100', '--no-mutants']],
  ['twins on PostgreSQL', ['tests/twins/postgres/main.ts', '--seeds', '20', '--no-mutants']],
];
const LIMIT_MS = 10 * 60_000;

const wanted = process.argv[2] ?? 'latest';
const copy = mkdtempSync(join(tmpdir(), 'newest-bullmq-'));
// PostgreSQL does not run as root: the user that it gets must reach its programs.
chmodSync(copy, 0o755);
const failed: string[] = [];
try {
  copyCheckout(copy);
  console.log(`BullMQ ${install(copy)}`);
  for (const [name, args] of TRIALS) {
    console.log(`\n${name}`);
    const { status } = spawnSync(process.execPath, args, { cwd: copy, stdio: 'inherit', timeout: LIMIT_MS });
    if (status !== 0) failed.push(name);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(failed.length === 0 ? '\nnothing has changed that matters' : `\nchanged: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** What git knows, and what has been written since. */
function copyCheckout(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: ROOT, encoding: 'utf8' });
  for (const file of listed.split('\0')) {
    if (file === '' || !existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(ROOT, file), join(to, file));
  }
}

/** All packages of this checkout by reference, but BullMQ and what it needs anew. Answers its version. */
function install(to: string): string {
  const apart = join(to, 'apart');
  mkdirSync(apart);
  const npm = ['install', `bullmq@${wanted}`, '--prefix', apart, '--no-audit', '--no-fund', '--ignore-scripts'];
  execFileSync('npm', npm, { cwd: apart, stdio: ['ignore', 'ignore', 'inherit'], timeout: LIMIT_MS });
  const modules = join(to, 'node_modules');
  mkdirSync(modules);
  for (const name of packagesIn(join(ROOT, 'node_modules'))) {
    if (name !== 'bullmq') refer(join(ROOT, 'node_modules', name), join(modules, name));
  }
  cpSync(join(apart, 'node_modules', 'bullmq'), join(modules, 'bullmq'), { recursive: true });
  for (const name of packagesIn(join(apart, 'node_modules'))) {
    if (!existsSync(join(modules, name))) refer(join(apart, 'node_modules', name), join(modules, name));
  }
  const about: unknown = JSON.parse(readFileSync(join(modules, 'bullmq', 'package.json'), 'utf8'));
  return typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : 'unknown';
}

function packagesIn(folder: string): readonly string[] {
  return readdirSync(folder).flatMap(name =>
    name.startsWith('@') ? readdirSync(join(folder, name)).map(inner => `${name}/${inner}`) : [name],
  );
}

function refer(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
}
