import { parseArgs } from 'node:util';
import { Environment, type Variables } from '../config/index.ts';
import { loadApp } from '../contracts/index.ts';
import { openEngine, type Engine } from '../engine/index.ts';
import { EngineCheckError, EngineUnreachableError, InvalidConfigError } from '../errors/index.ts';
import type { Facts } from '../facts/index.ts';
import { ResourceSet } from './resource-set.ts';
import { createWorkerHost, type WorkerHost } from './worker-host.ts';
import { readWorkerSettings } from './worker-settings.ts';

export interface WorkerProcessOptions {
  readonly argv: readonly string[];
  readonly variables: Variables;
  readonly facts: Facts;
  /** Told once when every queue is being worked on. */
  readonly onReady?: () => void;
}

export interface WorkerProcess {
  /** Ends with the process's exit code: 0 after a clean stop. */
  readonly ended: Promise<number>;
  /** Asks for a clean stop; asked again, it hurries. */
  stop(): void;
}

const ENGINE_RETRY_MS = 1_000;

/**
 * Runs an app's workers in this process until `stop()`.
 * @throws InvalidConfigError with every fault of arguments and environment at once, before anything is opened
 */
export async function startWorkerProcess({
  argv,
  variables,
  facts,
  onReady,
}: WorkerProcessOptions): Promise<WorkerProcess> {
  const environment = new Environment(variables);
  const app = await loadApp(readAppPath(argv));
  const resources = new ResourceSet(facts);
  const { engine: where, queues, handlers, concurrency, graceMs } = readWorkerSettings(environment, app, resources);
  environment.check();

  const { url, kind, namespace } = where;
  const engine = openEngine({
    url,
    role: 'worker',
    namespace,
    onError: error => facts.state('engine.lost', { engine: kind, error }),
    onBack: awayMs => facts.state('engine.back', { engine: kind, awayMs }),
  });
  const stopAsked = new AbortController();
  let host: WorkerHost | undefined;
  let asked = 0;

  const run = async (): Promise<number> => {
    try {
      await usableEngine(engine, facts, stopAsked.signal);
      if (stopAsked.signal.aborted) return 0;
      const needs = await resources.open(handlers);
      host = createWorkerHost({ app, engine, facts, needs, queues, concurrency });
      await host.start();
      if (!stopAsked.signal.aborted) {
        onReady?.();
        await new Promise(resolve => stopAsked.signal.addEventListener('abort', resolve, { once: true }));
      }
      await host.stop(graceMs);
      return 0;
    } finally {
      await engine.close(1_000);
      await resources.close();
    }
  };
  return {
    ended: run(),
    stop() {
      asked += 1;
      stopAsked.abort();
      if (asked > 1) host?.hurry();
    },
  };
}

/** Waits for an engine that is away; refuses one that must not be used. */
async function usableEngine(engine: Engine, facts: Facts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const report = await engine.check();
      for (const warning of report.warnings) facts.state('engine.warning', { engine: engine.kind, warning });
      if (report.errors.length > 0) throw new EngineCheckError(report.errors);
      return;
    } catch (error) {
      if (!(error instanceof EngineUnreachableError)) throw error;
      await pause(ENGINE_RETRY_MS, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

function readAppPath(argv: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...argv], options: { app: { type: 'string' } } }).values.app;
  } catch (cause) {
    throw new InvalidConfigError([cause instanceof Error ? cause.message : String(cause)]);
  }
}
