import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Environment, readRedisUrl, InvalidConfigError } from '../src/config/index.ts';
import { startMailbox } from './mailbox.ts';
import { startPostgres } from './postgres/index.ts';
import { Child } from './start/child.ts';
import { CommandsEnvironment } from './start/commands-environment.ts';
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

/** What stands already, where a variable names it; the rest is started here. */
interface Given {
  readonly redis: string | undefined;
  readonly database: string | undefined;
  readonly smtp: string | undefined;
}

type Ports = Awaited<ReturnType<typeof claimPorts>>;

async function main(): Promise<number> {
  const output = new Output();
  const environment = new Environment(process.env);
  // Elsewhere for tests, and for a checkout that cannot be written to.
  const folder = dataFolder(environment, join(ROOT, '.shiftwork'));
  const given: Given = {
    redis: readRedisUrl(environment)?.href,
    database: environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href,
    smtp: environment.url('SMTP_URL', { protocols: ['smtp:', 'smtps:'] })?.href,
  };
  const wanted: PortVariable[] = ['PORT', 'DASHBOARD_PORT'];
  if (given.smtp === undefined) wanted.push('MAILBOX_PORT', 'MAILBOX_SMTP_PORT');
  const ports = await claimPorts(environment, new Set(wanted));
  environment.check();
  const stopAsked = new Promise<'signal'>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('signal'));
  });

  const commands = new CommandsEnvironment(folder);
  const household = new Household();
  let code = 0;
  const running = start(household, { given, ports, folder, output, commands }).then(() => 'running' as const);
  running.catch(() => undefined);
  try {
    const first = await Promise.race([running, stopAsked, household.unexpected]);
    const end = first === 'running' ? await Promise.race([stopAsked, household.unexpected]) : first;
    if (end !== 'signal') {
      output.say(`${end}; stopping the rest`);
      code = 1;
    }
  } catch (error) {
    output.say(error instanceof Error ? error.message : String(error));
    code = error instanceof InvalidConfigError ? 2 : 1;
  }
  commands.remove();
  await household.stop();
  return code;
}

/** Everything that was started here. */
class Household {
  readonly #started: Stoppable[] = [];
  readonly #unexpected = Promise.withResolvers<string>();

  /** Resolves with what has ended although nobody asked it to. */
  get unexpected(): Promise<string> {
    return this.#unexpected.promise;
  }

  own<Thing extends Stoppable & { readonly exited: Promise<unknown> }>(thing: Thing): Thing {
    this.#started.push(thing);
    void thing.exited.then(how => this.#unexpected.resolve(`${thing.name} ended (${String(how ?? 'exit')})`));
    return thing;
  }

  /** Who asks first, then who works, then what both stand on. */
  async stop(): Promise<void> {
    const all = (...names: readonly string[]) =>
      Promise.all(this.#started.filter(({ name }) => names.includes(name)).map(each => each.stop()));
    await all('shop', 'dashboard');
    await all('worker');
    for (const thing of this.#started.toReversed()) await thing.stop();
  }
}

interface House {
  readonly given: Given;
  readonly ports: Ports;
  readonly folder: string;
  readonly output: Output;
  readonly commands: CommandsEnvironment;
}

async function start(household: Household, { given, ports, folder, output, commands }: House): Promise<void> {
  const watch = process.argv.includes('--watch');
  mkdirSync(folder, { recursive: true });
  const own = {
    ...localSecrets(folder),
    NODE_ENV: 'development',
    MAIL_FROM: 'Shiftwork shop <shop@shiftwork.example>',
    APP_URL: `http://localhost:${ports.PORT}`,
    SHUTDOWN_GRACE_MS: '3000',
    WORKER_PROCESSES: String(WORKERS),
    // Whoever develops stops at breakpoints.
    ...(watch && { WORKER_WATCH: 'off' }),
    ...(given.database === undefined && { DATABASE_URL: await ownDatabase(household, folder, output) }),
    ...(given.smtp === undefined && { SMTP_URL: await ownMailbox(household, folder, ports) }),
  };
  const made = { ...own, ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])) };
  const env = childEnvironment(made, process.env);
  await migrate(env, output);
  const child = (name: string, file: string): Child => new Child({ name, file: join(ROOT, file), env, watch, output });
  const all = [
    child('worker', 'workers/main.ts'),
    new Child({ name: 'relay', file: join(ROOT, 'src/cli/main.ts'), args: ['relay'], env, watch: false, output }),
    child('dashboard', 'dashboard/main.ts'),
    child('shop', 'examples/shop/main.ts'),
  ];
  for (const each of all) household.own(each);
  await Promise.all(all.map(({ ready }) => ready));
  // An engine that the person has named stands in the person's own shell.
  if (given.redis === undefined && given.database === undefined) commands.write({ ...own, ...namespace() });
  output.say('');
  output.say(`shop      http://localhost:${ports.PORT}`);
  output.say(`dashboard http://localhost:${ports.DASHBOARD_PORT}`);
  if (given.smtp === undefined) output.say(`mailbox   http://localhost:${ports.MAILBOX_PORT}`);
  output.say('');
  output.say('ready');
}

/** Without it a command would ask another installation of the same engine. */
function namespace(): Record<string, string> {
  const name = process.env['SHIFTWORK_NAMESPACE']?.trim();
  return name ? { SHIFTWORK_NAMESPACE: name } : {};
}

async function ownDatabase(household: Household, folder: string, output: Output): Promise<string> {
  output.say('postgres  | starting the embedded PostgreSQL ...');
  const server = await startPostgres({
    folder: join(folder, 'postgres'),
    // As root the server's user may be unable to reach a checkout in somebody's home.
    fallbackFolder: `/var/lib/shiftwork-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`,
    port: await rememberedPort(folder),
  });
  household.own({ name: 'postgres', stop: () => server.stop(), exited: server.exited });
  return server.createDatabase('shiftwork');
}

async function ownMailbox(household: Household, folder: string, ports: Ports): Promise<string> {
  const { MAILBOX_SMTP_PORT: smtpPort, MAILBOX_PORT: webPort } = ports;
  const mailbox = await startMailbox({ smtpPort, webPort, folder: join(folder, 'mail') });
  household.own({ name: 'mailbox', stop: () => mailbox.stop(), exited: mailbox.exited });
  return `smtp://127.0.0.1:${smtpPort}`;
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
