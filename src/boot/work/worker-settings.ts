import { readLogLevel, type Environment } from '../../config/index.ts';
import type { App, Handler } from '../../contracts/index.ts';
import { readEngineSettings, type EngineSettings } from '../../engine/index.ts';
import {
  assignmentProblems,
  handlersOf,
  keyProblems,
  type ResourceSet,
  scheduleProblems,
} from '../../runtime/index.ts';

/** What a worker process reads before it builds anything. */
export interface WorkerSettings {
  readonly engine: EngineSettings;
  readonly queues: readonly string[];
  /** What it will run; their resources are configured. */
  readonly handlers: readonly Handler[];
  /** Jobs at once per queue; undefined: as the app says. */
  readonly concurrency: number | undefined;
  readonly graceMs: number;
  /** Whether the supervisor judges the silence of its workers, and asks where their code stands. */
  readonly watch: 'on' | 'no-stacks' | 'off';
}

/**
 * Reads everything that a worker of this app needs: the engine, its own variables, a handler for each job, and the variables
 * of the handlers' resources. Every fault goes to the environment; nothing is opened.
 */
export function readWorkerSettings(environment: Environment, app: App, resources: ResourceSet): WorkerSettings {
  const engine = readEngineSettings(environment);
  const queues = environment.list('WORKER_QUEUES') ?? [...app.queues.keys()];
  const handlers = handlersOf(app, queues);
  const settings = {
    engine,
    queues,
    handlers,
    concurrency: environment.integer('WORKER_CONCURRENCY', { min: 1, max: 10_000 }),
    graceMs: environment.integer('SHUTDOWN_GRACE_MS', { min: 1_000, max: 3_600_000, fallback: 25_000 }),
    watch: environment.oneOf('WORKER_WATCH', ['on', 'no-stacks', 'off'], 'on'),
  };
  readLogLevel(environment);
  resources.configure(environment, handlers);
  for (const problem of assignmentProblems(app, queues)) environment.problem(problem);
  for (const problem of keyProblems(app, queues, environment.has('PAYLOAD_KEYS'))) environment.problem(problem);
  for (const problem of scheduleProblems(app)) environment.problem(problem);
  return settings;
}
