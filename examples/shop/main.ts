import { once } from 'node:events';
import type { Server } from 'node:http';
import { Pool } from 'pg';
import {
  Environment,
  InvalidConfigError,
  readLogLevel,
  readNamespace,
  readNodeEnv,
  readRedisUrl,
} from '../../src/config/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { Outbox } from '../../src/outbox/index.ts';
import { connect } from '../../src/queue/index.ts';
import { readSecrets } from '../../src/secrets/index.ts';
import { createLogger, logFacts, loadTracer } from '../../src/telemetry/index.ts';
import { createShop } from './create-shop.ts';
import { currentTraceparent } from './request-context.ts';
import { createFeed } from './store/notification-feed.ts';
import { migrateShop } from './store/migrate.ts';

const logger = createLogger({ name: 'shop', variables: process.env });

async function main(): Promise<void> {
  const environment = new Environment(process.env);
  const port = environment.integer('PORT', { min: 1, max: 65_535, fallback: 3000 });
  const mailboxPort = environment.integer('MAILBOX_PORT', { min: 1, max: 65_535, fallback: 1080 });
  const dashboardPort = environment.integer('DASHBOARD_PORT', { min: 1, max: 65_535, fallback: 3001 });
  const production = readNodeEnv(environment) === 'production';
  const redis = readRedisUrl(environment)?.href;
  const database = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  if (!environment.has('DATABASE_URL')) environment.required('DATABASE_URL', "the shop's users and orders");
  const namespace = readNamespace(environment);
  const secrets = readSecrets(environment);
  const paymentSecret = environment.string('PAYMENT_WEBHOOK_SECRET');
  if (paymentSecret !== undefined && !/^whsec_[A-Za-z0-9+/]{24,}={0,2}$/.test(paymentSecret)) {
    environment.problem(
      'Expected PAYMENT_WEBHOOK_SECRET to be "whsec_" and at least 18 bytes in base64, got something else.',
    );
  }
  readLogLevel(environment);
  environment.check();

  const facts = new Facts();
  logFacts(facts, logger);
  const tracer = await loadTracer();
  const client = connect({
    redis,
    postgres: database,
    namespace,
    ...secrets,
    facts,
    tracer,
    traceparent: currentTraceparent,
  });
  // A request is answered within two seconds, also when the database has gone silent.
  const pool = new Pool({ connectionString: database, max: 10, connectionTimeoutMillis: 1_500, query_timeout: 1_500 });
  pool.on('error', () => undefined);
  await migrateShop(pool, namespace);
  const feed = createFeed(pool, database ?? '');
  const app = createShop({
    client,
    pool,
    outbox: new Outbox({
      namespace,
      secret: secrets.secret,
      source: 'urn:shiftwork:shop',
      traceparent: currentTraceparent,
      tracer,
    }),
    namespace,
    // In development payments are believed: there is nobody who could sign them.
    payments: production && paymentSecret === undefined ? undefined : { secret: paymentSecret },
    feed,
    links: { mailbox: `http://localhost:${mailboxPort}`, dashboard: `http://localhost:${dashboardPort}` },
    onError: error => logger.error({ err: error }, 'a request failed'),
    tracer,
  });
  // In development the page is for this machine alone.
  const server = production ? app.listen(port) : app.listen(port, '127.0.0.1');
  await once(server, 'listening');
  logger.info({ url: `http://localhost:${port}` }, 'the shop is open');
  process.send?.({ type: 'ready' });

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    // Whatever hangs: a shop that is asked to close is closed; but that was not clean.
    setTimeout(() => process.exit(1), 3_000).unref();
    feed.close();
    await shut(server);
    await client.close();
    await pool.end();
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
    logger.fatal({ err: error }, 'the shop could not open');
    process.exit(error instanceof InvalidConfigError ? 2 : 1);
  }
}

void run();
