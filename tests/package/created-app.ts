import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../support/wait-for.ts';
import { npm, type Package } from '../../local/release/packed.ts';

/** `npm create shiftwork` from the packed packages: its test passes, it compiles, and a sign-up is run by its worker. */
export async function seeTheCreatedApp(
  packages: readonly Package[],
  work: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const tools = join(work, 'create');
  mkdirSync(tools);
  const tarball = (name: string): string => packages.find(found => found.name === name)?.tarball ?? name;
  npm(['install', '--no-audit', '--no-fund', '--prefix', tools, tarball('create-shiftwork')], tools);
  const create = [join(tools, 'node_modules/.bin/create-shiftwork'), 'my-app', '--shiftwork', tarball('shiftwork')];
  execFileSync(process.execPath, create, { cwd: work, stdio: ['ignore', 'ignore', 'inherit'] });
  const folder = join(work, 'my-app');

  // Node as this repository has it: the machine's may be older than what an app needs.
  const own = { ...env, SHIFTWORK_NAMESPACE: 'created', PORT: '0' };
  execFileSync(process.execPath, ['--test'], { cwd: folder, env: own, stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync(join(folder, 'node_modules/.bin/tsc'), { cwd: folder, stdio: 'inherit' });
  seeItRefuse(create, work);
  await seeItSignUp(folder, own);
  console.log('an app that npm create made: tested, compiled, signed up, run');
}

/** The second time the folder is not empty. */
function seeItRefuse(create: readonly string[], work: string): void {
  const { status, stderr } = spawnSync(process.execPath, [...create], { cwd: work, encoding: 'utf8' });
  if (status !== 2 || !stderr.includes('nothing was written')) throw new Error(`create answered ${status}: ${stderr}`);
}

async function seeItSignUp(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const app = spawn(process.execPath, ['main.ts'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(app, 'exit');
  let said = '';
  app.stdout.on('data', (text: Buffer) => (said += String(text)));
  try {
    await waitFor('the app to be ready', () => said.includes('ready'));
    const [address = ''] = /http:\/\/localhost:\d+\/signup/.exec(said) ?? [];
    const body = JSON.stringify({ userId: 'u1', email: 'ada@example.com' });
    const { status } = await fetch(address, { method: 'POST', body });
    if (status !== 202) throw new Error(`The app that npm create made answered ${status}.`);
    await waitFor('the worker to welcome', () => said.includes('A welcome to u1, attempt 1.'));
  } finally {
    app.kill('SIGTERM');
  }
  const [code] = (await ended) as unknown[];
  if (code !== 0) throw new Error(`The app that npm create made ended with ${String(code)}: ${said}`);
}
