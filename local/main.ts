import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment, readRedisUrl, InvalidConfigError } from '../src/config/index.ts';
import { startMailbox } from './mailbox.ts';
import { startPostgres } from './postgres/index.ts';
import { Child } from './start/child.ts';
import { childEnvironment, dataFolder } from './start/environment.ts';
import { Output } from './start/output.ts';
import { anyPort, claimPorts, isTaken, type PortVariable } from './start/ports.ts';
import { localSecrets } from './start/secrets.ts';

/** `npm start`: the whole thing on one machine, with nothing installed but Node. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const WORKERS = 2;

interface Stoppable {
  readonly name: string;
  stop(): Promise<void>;
}

async function main(): Promise<number> {
  const output = new Output();
  const watch = process.argv.includes('--watch');
  const environment = new Environment(process.env);
  // Elsewhere for tests, and for a checkout that cannot be written to.
  const folder = dataFolder(environment, join(ROOT, '.shiftwork'));
  const given = {
    redis: readRedisUrl(environment)?.href,
    database: environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href,
    smtp: environment.url('SMTP_URL', { protocols: ['smtp:', 'smtps:'] })?.href,
  };
  const wanted: PortVariable[] = ['PORT', 'DASHBOARD_PORT'];
  if (given.smtp === undefined) wanted.push('MAILBOX_PORT', 'MAILBOX_SMTP_PORT');
  const ports = await claimPorts(environment, new Set(wanted));
  environment.check();

  const started: Stoppable[] = [];
  const unexpected = Promise.withResolvers<string>();
  const stopAsked = new Promise<'signal'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('signal'));
  });
  const own = <Thing extends Stoppable & { readonly exited: Promise<unknown> }>(thing: Thing): Thing => {
    started.push(thing);
    void thing.exited.then(how => unexpected.resolve(`${thing.name} ended (${String(how ?? 'exit')})`));
    return thing;
  };
  const run = async (): Promise<void> => {
    mkdirSync(folder, { recursive: true });
    let database = given.database;
    if (database === undefined) {
      output.say('postgres  | starting the embedded PostgreSQL ...');
      const server = await startPostgres({
        folder: join(folder, 'postgres'),
        // As root the server's user may be unable to reach a checkout in somebody's home.
        fallbackFolder: `/var/lib/shiftwork-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
        port: await rememberedPort(folder),
      });
      own({ name: 'postgres', stop: () => server.stop(), exited: server.exited });
      database = await server.createDatabase('shiftwork');
    }
    let smtp = given.smtp;
    if (smtp === undefined) {
      const mailbox = await startMailbox({
        smtpPort: ports.MAILBOX_SMTP_PORT,
        webPort: ports.MAILBOX_PORT,
        folder: join(folder, 'mail'),
      });
      own({ name: 'mailbox', stop: () => mailbox.stop(), exited: mailbox.exited });
      smtp = `smtp://127.0.0.1:${ports.MAILBOX_SMTP_PORT}`;
    }
    const made = {
      ...localSecrets(folder),
      NODE_ENV: 'development',
      MAIL_FROM: 'Shiftwork shop <shop@shiftwork.example>',
      APP_URL: `http://localhost:${ports.PORT}`,
      SHUTDOWN_GRACE_MS: '3000',
      WORKER_PROCESSES: String(WORKERS),
      // Whoever develops stops at breakpoints.
      ...(watch && { WORKER_WATCH: 'off' }),
      ...Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, String(port)])),
      DATABASE_URL: database,
      SMTP_URL: smtp,
    };
    const env = childEnvironment(made, process.env);
    await migrate(env, output);
    const child = (name: string, file: string): Child =>
      new Child({ name, file: join(ROOT, file), env, watch, output });
    const workers = own(child('worker', 'workers/main.ts'));
    const relay = own(
      new Child({ name: 'relay', file: join(ROOT, 'src/cli/main.ts'), args: ['relay'], env, watch: false, output }),
    );
    const pages = [child('dashboard', 'dashboard/main.ts'), child('shop', 'examples/shop/main.ts')];
    for (const page of pages) own(page);
    await Promise.all([workers, relay, ...pages].map(({ ready }) => ready));
    output.say('');
    output.say(`shop      http://localhost:${ports.PORT}`);
    output.say(`dashboard http://localhost:${ports.DASHBOARD_PORT}`);
    if (given.smtp === undefined) output.say(`mailbox   http://localhost:${ports.MAILBOX_PORT}`);
    output.say('');
    output.say('ready');
  };

  let code = 0;
  const running = run().then(() => 'running' as const);
  running.catch(() => undefined);
  try {
    const first = await Promise.race([running, stopAsked, unexpected.promise]);
    const end = first === 'running' ? await Promise.race([stopAsked, unexpected.promise]) : first;
    if (end !== 'signal') {
      output.say(`${end}; stopping the rest`);
      code = 1;
    }
  } catch (error) {
    output.say(error instanceof Error ? error.message : String(error));
    code = error instanceof InvalidConfigError ? 2 : 1;
  }
  // Who asks first, then who works, then what both stand on.
  await Promise.all(started.filter(({ name }) => name === 'shop' || name === 'dashboard').map(each => each.stop()));
  await Promise.all(started.filter(({ name }) => name === 'worker').map(each => each.stop()));
  for (const thing of started.toReversed()) await thing.stop();
  return code;
}

async function migrate(env: Readonly<Record<string, string>>, output: Output): Promise<void> {
  const child = new Child({
    name: 'migrate',
    file: join(ROOT, 'src/cli/main.ts'),
    args: ['migrate'],
    env,
    watch: false,
    output,
  });
  const code = await child.exited;
  if (code !== 0) throw new Error(`The tables could not be made or upgraded (exit ${code}).`);
}

/** The same port each time, so that a database tool keeps its address. */
async function rememberedPort(folder: string): Promise<number> {
  const file = join(folder, 'postgres-port');
  let port: number | undefined;
  try {
    port = Number(readFileSync(file, 'utf8'));
  } catch {
    // The first start.
  }
  if (port === undefined || !Number.isInteger(port) || port < 1 || (await isTaken(port))) port = await anyPort();
  writeFileSync(file, `${port}\n`);
  return port;
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
