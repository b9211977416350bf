import { onStopAsked, parseCommand } from '../command/index.ts';
import { Environment, readLogLevel, readNodeEnv, type Variables } from '../config/index.ts';
import type { App } from '../contracts/index.ts';
import { openEngine, watchClock, type Engine, type EngineSettings } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { clientOn, type Client } from '../queue/index.ts';
import { createLogger, loadTracer, logFacts } from '../telemetry/index.ts';
import { loadApp } from './load-app.ts';
import { sayIfUnusable } from './engine/index.ts';

export interface ServiceOptions<Settings> {
  /** Its lines in the log carry it. */
  readonly name: string;
  readonly args: readonly string[];
  readonly variables: Variables;
  /** Faults go to the environment. */
  readonly read: (environment: Environment) => Settings;
}

/** A process that serves until it is asked to stop: the relay, the HTTP door. */
export interface Service<Settings> {
  readonly app: App;
  readonly settings: Settings;
  readonly facts: Facts;
  readonly logger: ReturnType<typeof createLogger>;
  /** Aborts when it is asked to stop. */
  readonly stop: AbortSignal;
  /** Opens the engine for the app, and says first what is wrong with it; an engine that is away is none of that. */
  openEngine(where: Pick<EngineSettings, 'url' | 'namespace' | 'secrets'>): Promise<OpenedEngine>;
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly client: Client;
}

/**
 * Reads what such a process is told, and connects nothing.
 * @throws InvalidConfigError with every fault of the environment at once; UsageError
 */
export async function startService<Settings>(options: ServiceOptions<Settings>): Promise<Service<Settings>> {
  const stop = new AbortController();
  const listenNoMore = onStopAsked(options.variables, () => stop.abort());
  try {
    return await serviceOf(options, stop.signal);
  } catch (error) {
    listenNoMore();
    throw error;
  }
}

async function serviceOf<Settings>(
  { name, args, variables, read }: ServiceOptions<Settings>,
  stop: AbortSignal,
): Promise<Service<Settings>> {
  const { app: path } = parseCommand(args, {}, { min: 0, max: 0 }, ['json']);
  const app = await loadApp(path);
  const environment = new Environment(variables);
  const settings = read(environment);
  readLogLevel(environment);
  readNodeEnv(environment);
  environment.check();
  const facts = new Facts();
  const logger = createLogger({ name, variables });
  logFacts(facts, logger);
  return {
    app,
    settings,
    facts,
    logger,
    stop,
    async openEngine({ url, namespace, secrets }) {
      const engine = openEngine({ url, role: 'producer', namespace, secrets, facts });
      engine.place(app);
      await sayIfUnusable(engine, logger);
      watchClock({ clock: engine.clock, engine: engine.kind, facts });
      return { engine, client: clientOn(engine, facts, undefined, await loadTracer(), app) };
    },
  };
}
