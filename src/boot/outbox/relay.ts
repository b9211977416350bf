import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../errors/index.ts';
import { Environment, readLogLevel, readNodeEnv } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { openDatabase } from '../open-database.ts';
import { type App } from '../../contracts/index.ts';
import { openEngine, watchClock } from '../../engine/index.ts';
import { runReactions, type Bus, type Unsubscribe } from '../../events/index.ts';
import { Facts } from '../../facts/index.ts';
import { awaitSchema } from '../../migrations/index.ts';
import { outboxSchema, Relay } from '../../outbox/index.ts';
import { clientOn, type Client } from '../../queue/index.ts';
import { createLogger, logFacts, loadTracer } from '../../telemetry/index.ts';
import { type Command, onStopAsked, parseCommand } from '../../command/index.ts';
import { openBus } from '../bus/index.ts';
import { serveRelayHealth } from './serve-relay-health.ts';
import { watchUnrecorded } from './unrecorded-hosts.ts';
import { readOutboxSettings } from './index.ts';

/** What a batch under way has sent and not recorded by then is sent again, with the same ids. */
const STOP_MS = 3_000;

export const relay: Command = {
  usage: 'shiftwork relay [--app PATH]',
  details: [
    'DATABASE_URL holds the outbox. Events go to RABBITMQ_URL, else REDIS_URL, else they are reacted to in this process.',
    'Any number of them may run at once. RELAY_PORT serves /livez, /readyz and /metrics.',
    '',
  ],
  async run(args, { variables }) {
    const stopAsked = new AbortController();
    onStopAsked(variables, () => stopAsked.abort());
    const { app: path } = parseCommand(args, {}, { min: 0, max: 0 }, ['json']);
    const app = await loadApp(path);
    const environment = new Environment(variables);
    const settings = readOutboxSettings(environment);
    const { database, engineUrl, namespace, secrets } = settings;
    const port = environment.integer('RELAY_PORT', { min: 0, max: 65_535 });
    readLogLevel(environment);
    readNodeEnv(environment);
    environment.check();
    const facts = new Facts();
    const logger = createLogger({ name: 'relay', variables });
    logFacts(facts, logger);
    const health =
      port === undefined
        ? undefined
        : await serveRelayHealth(app, port, facts, error => logger.error({ err: error }, 'no metrics'));
    if (health !== undefined) {
      logger.info({ url: `http://localhost:${health.port}` }, 'health and metrics are served');
    }
    const pool = await openDatabase(database, 4);
    const engine = openEngine({
      url: engineUrl,
      role: 'producer',
      namespace,
      secrets,
      facts,
    });
    engine.place(app);
    watchClock({ clock: engine.clock, engine: engine.kind, facts });
    const client = clientOn(engine, facts, undefined, await loadTracer());
    const bus = await openBus(app, facts, settings);
    const reactions = await react(bus, client, app, stopAsked.signal);
    const running = new Relay({ pool, engine, bus, namespace, facts });
    await awaitSchema(pool, outboxSchema(namespace), {
      onOutdated: error => logger.error({ err: error }, 'the database is behind this release'),
      signal: stopAsked.signal,
    });
    if (!stopAsked.signal.aborted) running.start();
    const unwatch = watchUnrecorded(engine, pool, namespace);
    process.send?.({ type: 'ready' });
    await aborted(stopAsked.signal);
    unwatch();
    await running.stop(STOP_MS);
    await reactions?.(5_000);
    await Promise.all([bus.close(2_000), client.close()]);
    // A connection on which a query is still unanswered would be waited for.
    await Promise.race([pool.end(), sleep(1_000, undefined, { ref: false })]);
    health?.close();
    return 0;
  },
};

/** Waits for a bus that is away. */
async function react(bus: Bus, client: Client, app: App, signal: AbortSignal): Promise<Unsubscribe | undefined> {
  while (!signal.aborted) {
    try {
      return await runReactions(bus, client, app);
    } catch (error) {
      if (!hasCode(error, 'BUS_UNAVAILABLE')) throw error;
      await sleep(1_000, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
