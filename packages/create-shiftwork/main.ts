#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateUsageError, readOrder, requireNode, USAGE, type Order } from './arguments.ts';
import { writeApp } from './write-app.ts';

/** `npm create shiftwork`: writes an app and installs what it needs. Exit 0 done, 1 the install failed, 2 wrong use. */
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));

try {
  const { version } = JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8')) as { readonly version: string };
  const words = process.argv.slice(2);
  if (words.includes('--help') || words.includes('-h')) sayHelp();
  else if (words.includes('--version') || words.includes('-v')) say(version);
  else {
    requireNode(process.versions.node);
    create(readOrder(words, process.cwd(), `^${version}`));
  }
} catch (error) {
  if (!(error instanceof CreateUsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

function create(order: Order): void {
  writeApp(order, `${PACKAGE}/template`);
  say(`Wrote ${order.name} into ${order.folder}`);
  process.exitCode = order.install ? install(order) : 0;
  if (process.exitCode === 0) sayWhatNext(order);
}

function sayHelp(): void {
  say(`usage: ${USAGE}`);
  say('');
  say('Writes an app with a web server, a worker, one job and its test, and installs what it needs.');
  say('');
  say('  FOLDER            where; it must be empty or not there: shiftwork-app when left out');
  say('  --shiftwork SPEC  the Shiftwork that the app takes: a version, or the path of a tarball');
  say('  --no-install      writes the files and leaves "npm install" to you');
}

function install({ folder }: Order): number {
  say('Installing what it needs ...');
  const { status, error } = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (status === 0) return 0;
  const why = error === undefined ? `npm install ended with ${status}` : `npm did not start: ${error.message}`;
  process.stderr.write(`${why}. The files are written: run "npm install" in ${folder}.\n`);
  return 1;
}

function sayWhatNext({ folder, install: installed }: Order): void {
  say('');
  say(`  cd ${relative(process.cwd(), folder) || '.'}`);
  if (!installed) say('  npm install');
  say('  npm test       one test, without any server');
  say('  npm start      web server and worker, on REDIS_URL (default redis://localhost:6379)');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
