#!/usr/bin/env node
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { hasCode } from '../src/errors/index.ts';
import { Environment, InvalidConfigError, requireNode } from '../src/config/index.ts';
import { openOtherLetters } from '../src/boot/dead-letters/index.ts';
import { journalSource } from '../src/boot/journal/index.ts';
import { onStopAsked, versionIn } from '../src/command/index.ts';
import { findApp, loadApp } from '../src/boot/index.ts';
import { sayIfUnusable } from '../src/boot/engine/index.ts';
import { recordOutboxEnds } from '../src/boot/outbox/index.ts';
import { openProjections, type OpenedProjections } from '../src/boot/event-store/index.ts';
import { type App } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { Facts } from '../src/facts/index.ts';
import { boundedServer } from '../src/http/index.ts';
import { workerName } from '../src/runtime/index.ts';
import { alertSender, testMessage, watchAlerts } from '../src/standing/index.ts';
import { createLogger, logFacts } from '../src/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createDashboard } from './create-dashboard.ts';
import { byTrustedHeader } from './sign-in/trusted-header.ts';

/** Whatever still holds the loop must not keep a stopped dashboard alive. */
const HARD_EXIT_MS = 4_000;
const FAILED_EXIT_MS = 200;
const PORT_TAKEN = 'the port is taken by another program; set DASHBOARD_PORT (or stop that program)';

const logger = createLogger({ name: 'dashboard', variables: process.env });

const HELP = [
  'usage: shiftwork-dashboard [--app PATH] | --version',
  '',
  'the dashboard of an app, until SIGTERM or SIGINT',
  '',
  '  REDIS_URL (else DATABASE_URL) says where the queues are, DASHBOARD_PORT (in production else PORT) where it listens: 3001 when left out.',
  '  DASHBOARD_USERS says who may sign in; in production it must: `shiftwork users hash` makes a password.',
  '  DASHBOARD_AUTH_HEADER, DASHBOARD_AUTH_ROLES and TRUST_PROXY let a proxy say who asks instead.',
  '  DASHBOARD_BASE_PATH is the path below which it stands, such as /ops.',
  '  --app PATH  the app; when left out shiftwork.config.ts, .js or .mjs in this directory, or dist/shiftwork.config.js',
];

/** From `dashboard`, and from where the package has it built, or a Procfile. */
const MANIFESTS = ['../packages/dashboard/package.json', '../package.json', '../../package.json'];

/** What the web dyno runs: the dashboard, until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  requireNode();
  const asked = process.argv.slice(2);
  if (asked.includes('--help') || asked.includes('-h')) {
    process.stdout.write(`${HELP.join('\n')}\n`);
    return;
  }
  if (asked.includes('--version') || asked.includes('-v')) {
    process.stdout.write(`${versionIn(MANIFESTS.map(path => new URL(path, import.meta.url)))}\n`);
    return;
  }
  const configuration = readConfiguration(asked, process.env);
  const { engineUrl, namespace, secrets, users, production, metricsToken, trustProxy, port, host } = configuration;
  const { basePath, trustedHeader, alerts } = configuration;
  // What signs messages is loaded now: that it is missing must not be found out in the middle of an incident.
  const tell = alerts === undefined ? undefined : alertSender(alerts);
  const app = await loadApp(configuration.appPath);
  const { choice } = findApp(configuration.appPath);
  if (choice !== undefined) logger.warn(choice);
  const facts = new Facts();
  logFacts(facts, logger);
  const engine = openEngine({
    url: engineUrl,
    role: 'producer',
    namespace,
    secrets,
    facts,
  });
  await sayIfUnusable(engine, logger);
  const store = await openStore(app);
  const letters = await openOtherLetters(app, process.env);
  // What is discarded has ended: the outbox must not bring it back.
  const ends = await recordOutboxEnds(facts, process.env, error =>
    logger.warn({ err: error }, 'ends of jobs are not recorded in the outbox'),
  );
  const journal = journalSource(engine, process.env);
  const dashboard = createDashboard({
    app,
    engine,
    users,
    authenticate: trustedHeader && byTrustedHeader(trustedHeader),
    production,
    metricsToken,
    trustProxy,
    basePath,
    facts,
    projections: store?.projections,
    otherLetters: letters.sources,
    journal: () => journal.open(),
    traceLink: configuration.traceLink,
    testAlert: tell && (() => tell(testMessage(Date.now()))),
    onAction: action =>
      logger[action.outcome === 'done' || action.outcome === 'dry run' ? 'info' : 'warn'](
        { action },
        'dashboard action',
      ),
    onError: error => logger.error({ err: error }, 'a request failed'),
  });
  const alertsOf = { app, engine, facts, name: `dashboard-${workerName()}`, others: letters.sources };
  const stopAlerts = tell === undefined ? undefined : watchAlerts({ ...alertsOf, send: tell });
  const server = boundedServer(dashboard.handler);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), HARD_EXIT_MS).unref();
    dashboard.endStreams();
    void shut(server)
      .then(() => Promise.all([dashboard.close(), stopAlerts?.()]))
      .then(() => Promise.all([journal.close(), letters.close(), store?.close(), ends?.close(500)]))
      .then(() => engine.close(2_000))
      .then(() => process.disconnect?.());
  };
  onStopAsked(process.env, stop);
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  logger.info({ url: `http://localhost:${taken}${basePath}`, signIn: users.length > 0 }, 'the dashboard is listening');
  process.send?.({ type: 'ready' });
}

/** The projections of an app that has an event store. Nothing is connected before they are looked at. */
async function openStore(app: App): Promise<OpenedProjections | undefined> {
  const hasStore = app.plugins.some(({ kind }) => kind === 'event-store');
  if (!hasStore || !new Environment(process.env).has('DATABASE_URL')) return undefined;
  return openProjections(app, process.env);
}

/** Takes nothing new. Connections that browsers keep open are closed as soon as no answer is due on them. */
function shut(server: Server): Promise<void> {
  return new Promise(resolve => {
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearInterval(idle);
      resolve();
    });
  });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, isPortTaken(error) ? PORT_TAKEN : 'the dashboard could not start');
  process.exitCode = error instanceof InvalidConfigError ? 2 : 1;
  // An engine that was opened before the failure holds the loop.
  setTimeout(() => process.exit(), FAILED_EXIT_MS).unref();
  process.disconnect?.();
});

function isPortTaken(error: unknown): boolean {
  return hasCode(error, 'EADDRINUSE');
}
