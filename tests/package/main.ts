import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../support/redis-server.ts';
import { requirePrograms } from '../support/required-programs.ts';
import { waitFor } from '../support/wait-for.ts';
import { emptyApps, type App } from './apps.ts';
import { seeTheCreatedApp } from './created-app.ts';
import { npm, packAll, PROGRAMS, type Package } from '../../local/release/packed.ts';

/** `npm run check-package`: packs the packages, installs them into empty apps, and sees a job of each run by a real worker. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What belongs to workers, dashboard and PostgreSQL: a web app that only enqueues must not load it. */
const HEAVY: readonly string[] = ['amqplib', 'express', 'nodemailer', 'pg', 'pino', '@bull-board/api', 'web-push'];
const LIST_LOADED = fileURLToPath(new URL('../support/loaded-packages.ts', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'shiftwork-package-'));

requirePrograms();
const redis = await startRedis();
const env = { ...process.env, REDIS_URL: redis.url, SHIFTWORK_NAMESPACE: '' };
try {
  const packages = packAll(ROOT, work);
  for (const app of emptyApps(packages.flatMap(({ doors }) => doors))) {
    const folder = install(app, packages);
    if (app.files['tsconfig.json'] !== undefined) {
      execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'inherit' });
    }
    execFileSync(process.execPath, ['doors.js'], { cwd: folder, stdio: 'inherit' });
    for (const program of app.programs ?? []) {
      execFileSync(process.execPath, [program], { cwd: folder, env, stdio: 'inherit', timeout: 60_000 });
    }
    const id = enqueue(app, folder);
    await seeItRun(app, id, folder);
    if (app.packages.includes('@shiftwork/dashboard')) await seeTheDashboard(app, folder);
    else seeWhatIsMissing(app, folder);
    console.log(`${app.name}: every door opens, enqueued, run`);
  }
  await seeTheCreatedApp(packages, work, env);
} finally {
  await redis.stop();
  rmSync(work, { recursive: true, force: true });
}

function install(app: App, packages: readonly Package[]): string {
  const folder = mkdtempSync(join(work, 'app-'));
  for (const [name, text] of Object.entries(app.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const tarballs = packages.filter(({ name }) => app.packages.includes(name)).map(({ tarball }) => tarball);
  const add = (wanted: readonly string[]): readonly string[] => {
    npm(['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...wanted], folder);
    // The first line is the app itself.
    return npm(['ls', '--all', '--parseable'], folder).trim().split('\n').slice(1);
  };
  const brought = add(tarballs).length;
  if (app.packagesAtMost !== undefined && brought > app.packagesAtMost) {
    throw new Error(`${app.name} installs ${brought} packages; ${app.packagesAtMost} are allowed.`);
  }
  console.log(`${app.name}: ${brought} packages installed`);
  const installed = add(app.dependencies);
  const programs = installed.filter(path => PROGRAMS.test(path.split('node_modules/').at(-1) ?? ''));
  if (programs.length > 0) {
    throw new Error(`The package brings programs for development to its users: ${programs.join(', ')}.`);
  }
  return folder;
}

/** Runs the app and answers the id that it printed. @throws when the app loaded what belongs to workers */
function enqueue(app: App, folder: string): string {
  const output = execFileSync(process.execPath, [LIST_LOADED, join(folder, app.entry)], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  const [id = '', loaded = '[]'] = output.trim().split('\n').slice(-2);
  const packages = JSON.parse(loaded) as readonly string[];
  const heavy = packages.filter(name => HEAVY.includes(name));
  if (heavy.length > 0 || !packages.includes('bullmq')) {
    throw new Error(`${app.name} enqueued one job and loaded ${heavy.length > 0 ? heavy.join(', ') : 'no BullMQ'}.`);
  }
  return id;
}

/** A worker as its user starts one; it must run the job and stop cleanly. */
async function seeItRun(app: App, id: string, folder: string): Promise<void> {
  const command = join(folder, 'node_modules/.bin/shiftwork');
  const worker = spawn(command, ['work'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(worker, 'exit');
  const state = (): string => {
    const answer = execFileSync(command, ['job', id, '--json'], { cwd: folder, env, encoding: 'utf8' });
    return (JSON.parse(answer) as { readonly state: string }).state;
  };
  try {
    await waitFor(`job ${id} of ${app.name} to succeed`, () => state() === 'succeeded');
  } finally {
    worker.kill('SIGTERM');
  }
  const [code] = (await ended) as unknown[];
  if (code !== 0) throw new Error(`The worker of ${app.name} ended with ${String(code)}.`);
}

/** What needs a package that is not there says so in one line with the command, and ends with 1. */
function seeWhatIsMissing(app: App, folder: string): void {
  const postgres = { ...env, REDIS_URL: '', DATABASE_URL: 'postgres://127.0.0.1:1/none' };
  const { status, stderr } = spawnSync(join(folder, 'node_modules/.bin/shiftwork'), ['migrate'], {
    cwd: folder,
    env: postgres,
    encoding: 'utf8',
  });
  if (status !== 1 || !stderr.includes('npm install pg@8')) {
    throw new Error(`${app.name} without pg answered ${status}: ${stderr}`);
  }
}

/** The dashboard as its user starts it; it must listen and stop cleanly. */
async function seeTheDashboard(app: App, folder: string): Promise<void> {
  const dashboard = spawn(join(folder, 'node_modules/.bin/shiftwork-dashboard'), [], {
    cwd: folder,
    env: { ...env, DASHBOARD_PORT: '0', NODE_ENV: 'development' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(dashboard, 'exit');
  let said = '';
  dashboard.stdout.on('data', (text: Buffer) => (said += String(text)));
  try {
    await waitFor(`the dashboard of ${app.name} to listen`, () => said.includes('the dashboard is listening'));
  } finally {
    dashboard.kill('SIGTERM');
  }
  const [code] = (await ended) as unknown[];
  if (code !== 0) throw new Error(`The dashboard of ${app.name} ended with ${String(code)}: ${said}`);
}
