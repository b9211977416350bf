import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onStopAsked, parseCommand, type Command } from '../../command/index.ts';
import { Environment, InvalidConfigError, readLogLevel, readNodeEnv } from '../../config/index.ts';
import { openEngine, readEngineSettings, watchClock } from '../../engine/index.ts';
import { codeOf } from '../../errors/index.ts';
import { Facts } from '../../facts/index.ts';
import { createHttpApi } from '../../http/index.ts';
import { clientOn } from '../../queue/index.ts';
import { createLogger, loadTracer, logFacts } from '../../telemetry/index.ts';
import { loadApp } from '../load-app.ts';

const PORT = 3_003;
/** Longer than any answer takes; what waits for results has been told to come again by then. */
const STOP_MS = 10_000;

export const api: Command = {
  usage: 'shiftwork api [--app PATH]',
  details: [
    `Listens on API_PORT (${PORT}) for whoever shows a token of "shiftwork tokens create"; /livez and /readyz need none.`,
    'Any number of them may run at once. TLS is the work of the proxy before it. docs/guides/http.md',
    '',
  ],
  async run(args, { variables }) {
    const stopAsked = new AbortController();
    onStopAsked(variables, () => stopAsked.abort());
    const { app: path } = parseCommand(args, {}, { min: 0, max: 0 }, ['json']);
    const app = await loadApp(path);
    const environment = new Environment(variables);
    const { url, namespace, secrets } = readEngineSettings(environment);
    const port = environment.integer('API_PORT', { min: 0, max: 65_535, fallback: PORT });
    readLogLevel(environment);
    readNodeEnv(environment);
    environment.check();
    const facts = new Facts();
    const logger = createLogger({ name: 'api', variables });
    logFacts(facts, logger);
    const engine = openEngine({ url, role: 'producer', namespace, secrets, facts });
    engine.place(app);
    watchClock({ clock: engine.clock, engine: engine.kind, facts });
    const client = clientOn(engine, facts, undefined, await loadTracer(), app);
    const door = createHttpApi({
      client,
      app,
      onError: error => logger.error({ err: error }, 'a request failed'),
    });
    let isAway = false;
    facts.on('engine.lost', () => (isAway = true));
    facts.on('engine.back', () => (isAway = false));
    const server = createServer((request, response) => {
      if (request.url === '/livez') return void response.end('{"status":"alive"}\n');
      if (request.url !== '/readyz') return door.handler(request, response);
      const isReady = !isAway && !stopAsked.signal.aborted;
      response.statusCode = isReady ? 200 : 503;
      return void response.end(`{"status":"${isReady ? 'ready' : 'not ready'}"}\n`);
    });
    await listen(server, port);
    logger.info({ url: `http://localhost:${(server.address() as AddressInfo).port}` }, 'the HTTP door is open');
    process.send?.({ type: 'ready' });
    await aborted(stopAsked.signal);
    door.close();
    await shut(server);
    await client.close();
    return 0;
  },
};

async function listen(server: Server, port: number): Promise<void> {
  // A head that dribbles in, or a body, holds a connection for so long at most.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.listen(port);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new InvalidConfigError([
      `Expected API_PORT to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}

/** Takes nothing new. A connection that is kept open is closed as soon as no answer is due on it. */
async function shut(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const late = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
