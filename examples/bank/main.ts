import { once } from 'node:events';
import type { Server } from 'node:http';
import { Pool } from 'pg';
import { Environment, readLogLevel, InvalidConfigError } from '../../src/config/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { createLogger, logFacts } from '../../src/telemetry/index.ts';
import { Bank } from './bank.ts';
import { createBank } from './create-bank.ts';
import { migrateBank } from './migrate.ts';
import { forgetRequests } from './idempotent.ts';

const logger = createLogger({ name: 'bank', variables: process.env });
const HOUR_MS = 3_600_000;

async function main(): Promise<void> {
  const environment = new Environment(process.env);
  const port = environment.integer('BANK_PORT', { min: 1, max: 65_535, fallback: 3002 });
  const production =
    environment.oneOf('NODE_ENV', ['development', 'test', 'production'], 'development') === 'production';
  const database = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  if (!environment.has('DATABASE_URL')) environment.required('DATABASE_URL', "the bank's events");
  readLogLevel(environment);
  environment.check();

  const facts = new Facts();
  logFacts(facts, logger);
  // Requests have a pool of their own: the store needs a connection while a request holds one (for an owner's key), and with one pool
  // for both, twenty requests at once would wait for each other.
  const pool = new Pool({ connectionString: database, max: 20, connectionTimeoutMillis: 5_000 });
  const background = new Pool({ connectionString: database, max: 15, connectionTimeoutMillis: 5_000 });
  for (const each of [pool, background]) each.on('error', () => undefined);
  await migrateBank(pool);
  const bank = new Bank(background, facts);
  const projections = bank.projections();
  for (const name of await projections.prepare()) await projections.rebuild(name);
  projections.start();
  const app = createBank({
    bank,
    projections,
    pool,
    onError: error => logger.error({ err: error }, 'a request failed'),
  });
  // In development the page is for this machine alone.
  const server = production ? app.listen(port) : app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const tidying = setInterval(() => void forgetRequests(background).catch(() => undefined), HOUR_MS);
  logger.info({ url: `http://localhost:${port}` }, 'the bank is open');
  process.send?.({ type: 'ready' });

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // Whatever hangs: a bank that is asked to close is closed; but that was not clean.
    setTimeout(() => process.exit(1), 5_000).unref();
    clearInterval(tidying);
    await shut(server);
    await projections.stop();
    await bank.store.settle();
    await pool.end();
    await background.end();
    process.disconnect?.();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop());
  // Its starter was killed: nobody else would ever end it.
  process.once('disconnect', () => void stop());
}

/** Takes nothing new. A connection that is kept open is closed as soon as no answer is due on it. */
function shut(server: Server): Promise<void> {
  return new Promise(resolve => {
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(idle);
      resolve();
    });
  });
}

async function run(): Promise<void> {
  try {
    await main();
  } catch (error) {
    logger.fatal({ err: error }, 'the bank could not open');
    process.exit(error instanceof InvalidConfigError ? 2 : 1);
  }
}

void run();
