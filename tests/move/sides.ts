import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { npm } from '../../local/release/packed.ts';

const PROGRAMS = join(import.meta.dirname, 'programs');
const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];

/** An app that has one version of BullMQ and nothing of ours. */
export interface BullmqApp {
  readonly folder: string;
  readonly version: string;
}

/** @param wanted as npm takes it: `5.1.0`, or `5` for the newest of these */
export function installBullmq(work: string, wanted: string): BullmqApp {
  const folder = emptyApp(join(work, `bullmq-${wanted}`));
  // BullMQ 5 brings the driver, of one version alone; 6 leaves it to the app.
  const driver = wanted.startsWith('5') ? [] : ['ioredis'];
  npm([...INSTALL, '--ignore-scripts', `bullmq@${wanted}`, ...driver], folder);
  const about: unknown = JSON.parse(readFileSync(join(folder, 'node_modules/bullmq/package.json'), 'utf8'));
  const version = typeof about === 'object' && about !== null && 'version' in about ? String(about.version) : wanted;
  for (const file of ['bullmq-app.ts', 'perform.ts']) copyFileSync(join(PROGRAMS, file), join(folder, file));
  return { folder, version };
}

/** Where the packed library is; apps of ours are folders in it. */
export function installOurs(work: string, tarball: string): string {
  const folder = emptyApp(join(work, 'ours'));
  npm([...INSTALL, tarball, 'zod', 'pino'], folder);
  return folder;
}

/** An app of ours without contracts, which `shiftwork adopt` is to write. */
export function ourApp(ours: string, name: string): string {
  const folder = join(ours, name);
  mkdirSync(folder);
  for (const file of ['our.config.ts', 'our-producer.ts', 'perform.ts']) {
    const text = readFileSync(join(PROGRAMS, file), 'utf8').replace("'../../../src/index.ts'", "'shiftwork'");
    writeFileSync(join(folder, file), text);
  }
  return folder;
}

/** The command `shiftwork` of the packed library. */
export function command(ours: string): string {
  return join(ours, 'node_modules/.bin/shiftwork');
}

/** Node as this repository has it: the machine's may be older. */
export function withNode(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${dirname(process.execPath)}${delimiter}${env['PATH'] ?? ''}` };
}

export function run(ours: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  return execFileSync(command(ours), args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function emptyApp(folder: string): string {
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  return folder;
}
