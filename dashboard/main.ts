import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { loadApp } from '../src/contracts/index.ts';
import { openEngine } from '../src/engine/index.ts';
import { InvalidConfigError } from '../src/errors/index.ts';
import { createLogger } from '../src/telemetry/index.ts';
import { readConfiguration } from './configuration.ts';
import { createDashboard } from './create-dashboard.ts';

/** Whatever still holds the loop must not keep a stopped dashboard alive. */
const HARD_EXIT_MS = 4_000;

const logger = createLogger({ name: 'dashboard', variables: process.env });

/** What the web dyno runs: the dashboard, until SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const configuration = readConfiguration(process.argv.slice(2), process.env);
  const { engineUrl, namespace, users, production, trustProxy, port, host } = configuration;
  const app = await loadApp(configuration.appPath);
  const engine = openEngine({
    url: engineUrl,
    role: 'producer',
    namespace,
    onError: error => logger.warn({ err: error }, 'the queue engine is away'),
    onBack: awayMs => logger.info({ awayMs }, 'the queue engine is back'),
  });
  const dashboard = createDashboard({
    app,
    engine,
    users,
    production,
    trustProxy,
    onAction: action => logger.info({ action }, 'dashboard action'),
    onError: error => logger.error({ err: error }, 'a request failed'),
  });
  const server = createServer(dashboard.handler);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(), HARD_EXIT_MS).unref();
    void shut(server)
      .then(() => dashboard.close())
      .then(() => engine.close(2_000))
      .then(() => process.disconnect?.());
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  server.listen({ port, ...(host !== undefined && { host }) });
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  logger.info({ url: `http://localhost:${taken}`, signIn: users.length > 0 }, 'the dashboard is listening');
  process.send?.({ type: 'ready' });
}

/** Browsers keep connections open that nothing runs on: those are closed at once, the others after their answer. */
function shut(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

main().catch((error: unknown) => {
  logger.fatal({ err: error }, 'the dashboard could not start');
  process.exitCode = error instanceof InvalidConfigError ? 2 : 1;
  setTimeout(() => process.exit(), HARD_EXIT_MS).unref();
  process.disconnect?.();
});
