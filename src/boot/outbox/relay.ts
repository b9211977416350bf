import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../errors/index.ts';
import type { Environment } from '../../config/index.ts';
import { openDatabase } from '../open-database.ts';
import { type App } from '../../contracts/index.ts';
import { runReactions, type Bus, type Unsubscribe } from '../../events/index.ts';
import { awaitSchema } from '../../migrations/index.ts';
import { outboxSchema, Relay } from '../../outbox/index.ts';
import type { Client } from '../../queue/index.ts';
import type { Command } from '../../command/index.ts';
import { openBus } from '../bus/index.ts';
import { startService } from '../service.ts';
import { ENGINE_AWAY, serveServiceHealth, ServiceReadiness, type Away } from '../service-health.ts';
import { watchUnrecorded } from './unrecorded-hosts.ts';
import { readOutboxSettings } from './index.ts';
import { sleepOrStop, untilAborted } from '../../time/index.ts';

/** What a batch under way has sent and not recorded by then is sent again, with the same ids. */
const STOP_MS = 3_000;

const AWAY: readonly Away[] = [
  ['outbox.stalled', 'outbox.resumed', 'The outbox stands still: its database, the queue engine or the bus is away.'],
  ['projection.stalled', 'projection.resumed', 'A projection stands still.'],
  ENGINE_AWAY,
  ['bus.lost', 'bus.back', 'The bus cannot be reached.'],
];

export const relay: Command = {
  usage: 'shiftwork relay [--app PATH]',
  details: [
    'DATABASE_URL holds the outbox. Events go to RABBITMQ_URL, else REDIS_URL, else they are reacted to in this process.',
    'Any number of them may run at once. RELAY_PORT serves /livez, /readyz and /metrics.',
    '',
  ],
  async run(args, { variables }) {
    const read = (environment: Environment) => ({
      ...readOutboxSettings(environment),
      port: environment.integer('RELAY_PORT', { min: 0, max: 65_535 }),
    });
    const service = await startService({ name: 'relay', args, variables, read });
    const { app, settings, facts, logger, stop } = service;
    const { database, engineUrl, namespace, secrets, port } = settings;
    const readiness = new ServiceReadiness({ facts, away: AWAY, stop });
    // An outbox that stands still says so; until then it is at work.
    readiness.opened();
    const health =
      port === undefined
        ? undefined
        : await serveServiceHealth({
            app,
            facts,
            port,
            variable: 'RELAY_PORT',
            readiness,
            onError: error => logger.error({ err: error }, 'no metrics'),
          });
    if (health !== undefined) {
      logger.info({ url: `http://localhost:${health.port}` }, 'health and metrics are served');
    }
    const pool = await openDatabase(database, 4);
    const { engine, client } = await service.openEngine({ url: engineUrl, namespace, secrets });
    const bus = await openBus(app, facts, settings);
    const reactions = await react(bus, client, app, stop);
    const running = new Relay({ pool, engine, bus, namespace, facts });
    await awaitSchema(pool, outboxSchema(namespace), {
      onOutdated: error => logger.error({ err: error }, 'the database is behind this release'),
      signal: stop,
    });
    if (!stop.aborted) running.start();
    const unwatch = watchUnrecorded(engine, pool, namespace);
    process.send?.({ type: 'ready' });
    await untilAborted(stop);
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
      await sleepOrStop(1_000, signal);
    }
  }
  return undefined;
}
