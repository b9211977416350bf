import { Environment, InvalidConfigError, unknownOptions, type Variables } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import { Facts } from '../../facts/index.ts';
import { ResourceSet } from '../../runtime/index.ts';
import type { Tracer } from '../../tracing/index.ts';
import { OwnWorkers, type StartedWorkers } from './own-workers.ts';
import { readWorkerSettings } from './worker-settings.ts';

export interface StartWorkersOptions {
  readonly app: App;
  /** The queues are here; REDIS_URL when left out. */
  readonly redis?: string | undefined;
  /** The queues are here where there is no Redis; DATABASE_URL when left out. */
  readonly postgres?: string | undefined;
  readonly namespace?: string | undefined;
  readonly secret?: string | undefined;
  readonly previousSecret?: string | undefined;
  /** PAYLOAD_KEYS, for contracts that `encrypt`. */
  readonly payloadKeys?: string | undefined;
  /** All of the app's when left out. */
  readonly queues?: readonly string[] | undefined;
  /** Jobs at once for each queue; the app's own numbers when left out. */
  readonly concurrency?: number | undefined;
  /** What the engine and the resources of the handlers read beside the options; the environment of the process when left out. */
  readonly variables?: Variables | undefined;
  /** Where facts are emitted; a new one when left out. */
  readonly facts?: Facts | undefined;
  readonly tracer?: Tracer | undefined;
  /** Stops the workers when it aborts, also while they start. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the workers take nothing any more and new connections did not help: end the process, with its health check or at once. */
  readonly onHopeless?: ((queue: string) => void) | undefined;
}

const KNOWN: { readonly [Option in keyof Required<StartWorkersOptions>]: true } = {
  app: true,
  redis: true,
  postgres: true,
  namespace: true,
  secret: true,
  previousSecret: true,
  payloadKeys: true,
  queues: true,
  concurrency: true,
  variables: true,
  facts: true,
  tracer: true,
  signal: true,
  onHopeless: true,
};

const NO_APP = 'Expected startWorkers() to get { app: defineApp({ ... }) }.';

/**
 * Works on an app's queues inside this process: reads, checks and opens what `shiftwork work` does, runs the schedules when it is its turn,
 * and looks after hosts that are no more. Resolves when every queue is worked on; waits for an engine that is away.
 *
 * Nobody watches this process from outside. A handler that never yields stops everything in it, and its jobs run elsewhere once their locks
 * expire; a thread writes a line to standard error while that lasts. A job that ends the process is begun again by the next one: only the
 * supervisor of `shiftwork work` finds out which it was and sets it aside.
 * @throws InvalidConfigError with every fault at once, before anything is opened; EngineCheckError; what a resource threw
 */
export async function startWorkers(options: StartWorkersOptions): Promise<StartedWorkers> {
  // Before anything is read of it.
  if (Object(options) !== options) throw new InvalidConfigError([NO_APP]);
  const facts = options.facts ?? new Facts();
  const variables = variablesOf(options);
  const environment = new Environment(variables);
  for (const problem of unknownOptions('startWorkers()', options, KNOWN)) environment.problem(problem);
  // Without one there is nothing to read the rest by.
  if (Object(options.app).kind !== 'app') {
    environment.problem(NO_APP);
    environment.check();
  }
  const resources = new ResourceSet(facts);
  const settings = readWorkerSettings(environment, options.app, resources);
  environment.check();
  for (const warning of environment.warnings) facts.emit('config.warning', { warning });
  const { app, tracer, onHopeless, signal } = options;
  const workers = new OwnWorkers({ app, settings, resources, variables, facts, tracer, onHopeless, signal });
  await workers.start();
  return workers;
}

/** Options are read by the rules of the variables that they stand for. */
function variablesOf(options: StartWorkersOptions): Variables {
  const { redis, postgres, namespace, secret, previousSecret, payloadKeys, queues, concurrency } = options;
  const given: Variables = {
    REDIS_URL: redis ?? (postgres === undefined ? undefined : ''),
    DATABASE_URL: postgres,
    SHIFTWORK_NAMESPACE: namespace,
    SHIFTWORK_SECRET: secret,
    SHIFTWORK_SECRET_PREVIOUS: previousSecret,
    PAYLOAD_KEYS: payloadKeys,
    WORKER_QUEUES: queues?.join(','),
    WORKER_CONCURRENCY: concurrency?.toString(),
  };
  const own = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...(options.variables ?? process.env), ...Object.fromEntries(own) };
}
