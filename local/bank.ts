import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment, InvalidConfigError } from '../src/config/index.ts';
import { startPostgres, type PostgresServer } from './postgres/index.ts';
import { Child } from './start/child.ts';
import { childEnvironment, dataFolder } from './start/environment.ts';
import { Output } from './start/output.ts';
import { anyPort, isTaken } from './start/ports.ts';

/** `npm run bank`: the bank, and a PostgreSQL for it unless DATABASE_URL names one. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<number> {
  const output = new Output();
  const environment = new Environment(process.env);
  const port = environment.integer('BANK_PORT', { min: 1, max: 65_535, fallback: 3002 });
  const folder = join(dataFolder(environment, join(ROOT, '.shiftwork')), 'bank');
  const given = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  if (await isTaken(port)) {
    environment.problem(`Port ${port} for the bank is taken: stop what uses it, or set BANK_PORT to another port.`);
  }
  environment.check();

  const stopAsked = new Promise<'signal'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('signal'));
  });
  let server: PostgresServer | undefined;
  let bank: Child | undefined;
  try {
    let database = given;
    if (database === undefined) {
      mkdirSync(folder, { recursive: true });
      output.say('postgres  | starting the embedded PostgreSQL ...');
      server = await startPostgres({
        folder: join(folder, 'postgres'),
        // As root the server's user may be unable to reach a checkout in somebody's home.
        fallbackFolder: `/var/lib/shiftwork-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
        port: await anyPort(),
      });
      database = await server.createDatabase('bank');
    }
    const env = childEnvironment({ NODE_ENV: 'development' }, process.env);
    env['DATABASE_URL'] = database;
    env['BANK_PORT'] = String(port);
    bank = new Child({ name: 'bank', file: join(ROOT, 'examples/bank/main.ts'), env, watch: false, output });
    const ended = bank.exited.then(code => `the bank ended (${code})`);
    const lost = server?.exited.then(() => 'PostgreSQL ended') ?? new Promise<never>(() => undefined);
    const first = await Promise.race([bank.ready, stopAsked, ended, lost]);
    if (first === undefined) {
      output.say('');
      output.say(`bank      http://localhost:${port}`);
      output.say('');
      output.say('ready');
    }
    const end = first ?? (await Promise.race([stopAsked, ended, lost]));
    if (end === 'signal') return 0;
    output.say(end);
    return 1;
  } finally {
    await bank?.stop();
    await server?.stop();
  }
}

async function exitCode(): Promise<number> {
  try {
    return await main();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof InvalidConfigError ? 2 : 1;
  }
}

process.exit(await exitCode());
