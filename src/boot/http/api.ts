import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Command } from '../../command/index.ts';
import { InvalidConfigError, readTrustProxy, type Environment } from '../../config/index.ts';
import { readEngineSettings } from '../../engine/index.ts';
import { codeOf } from '../../errors/index.ts';
import { boundedServer, createHttpApi, isRate, rateIn, type RateLimit } from '../../http/index.ts';
import { untilAborted } from '../../time/index.ts';
import { startService } from '../service.ts';
import { ENGINE_AWAY, serveServiceHealth, ServiceReadiness } from '../service-health.ts';

const PORT = 3_003;
/** No answer takes so long. Those who wait for results have been told to come again by then. */
const STOP_MS = 10_000;

export const api: Command = {
  usage: 'shiftwork api [--app PATH]',
  details: [
    `Listens on API_PORT (${PORT}) for whoever shows a token of "shiftwork tokens create"; /livez and /readyz need none.`,
    'API_TRIES is how often an address may come without a token that stands, 60/1m when left out; TRUST_PROXY says which proxies are before it.',
    'API_METRICS_PORT serves /livez, /readyz and /metrics, for probes and Prometheus alone.',
    'Any number of them may run at once. TLS is the work of the proxy before it. docs/guides/http.md',
    '',
  ],
  async run(args, { variables }) {
    const read = (environment: Environment) => ({
      engine: readEngineSettings(environment),
      port: environment.integer('API_PORT', { min: 0, max: 65_535, fallback: PORT }),
      metricsPort: environment.integer('API_METRICS_PORT', { min: 0, max: 65_535 }),
      tries: readTries(environment),
      trustProxy: readTrustProxy(environment),
    });
    const { app, settings, facts, logger, stop, openEngine } = await startService({
      name: 'api',
      args,
      variables,
      read,
    });
    const { metricsPort, tries, trustProxy } = settings;
    const onError = (error: unknown): void => logger.error({ err: error }, 'a request failed');
    const readiness = new ServiceReadiness({ facts, away: [ENGINE_AWAY], stop });
    // Before the engine is opened: that one is away from the beginning is heard.
    const health =
      metricsPort === undefined
        ? undefined
        : await serveServiceHealth({
            app,
            facts,
            port: metricsPort,
            variable: 'API_METRICS_PORT',
            readiness,
            onError,
          });
    if (health !== undefined) logger.info({ url: `http://localhost:${health.port}` }, 'health and metrics are served');
    const { client } = await openEngine(settings.engine);
    const door = createHttpApi({ client, app, trustProxy, ...(tries !== undefined && { tries }), onError });
    const server = boundedServer((request, response) => {
      if (request.url === '/livez') return void response.end('{"status":"alive"}\n');
      if (request.url !== '/readyz') return door.handler(request, response);
      const isReady = readiness.reasons().length === 0;
      response.statusCode = isReady ? 200 : 503;
      return void response.end(`{"status":"${isReady ? 'ready' : 'not ready'}"}\n`);
    });
    await listen(server, settings.port);
    readiness.opened();
    logger.info({ url: `http://localhost:${(server.address() as AddressInfo).port}` }, 'the HTTP door is open');
    process.send?.({ type: 'ready' });
    await untilAborted(stop);
    door.close();
    await shut(server);
    await client.close();
    health?.close();
    return 0;
  },
};

function readTries(environment: Environment): RateLimit | undefined {
  const text = environment.string('API_TRIES');
  if (text === undefined) return undefined;
  try {
    const rate = rateIn(text, 'API_TRIES');
    if (isRate(rate)) return rate;
  } catch {
    // It is said below.
  }
  environment.problem(
    `Expected API_TRIES to be N/DURATION, such as 60/1m: 1 to 1,000,000 tries in 1ms to 1d. Found ${JSON.stringify(text.slice(0, 40))}.`,
  );
  return undefined;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new InvalidConfigError([
      `Expected API_PORT to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}

/** Takes nothing new, and closes a connection that is kept open as soon as no answer is due on it. */
async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const late = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
