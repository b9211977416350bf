import { Environment, readRelease, type Variables } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { type App } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { alertSender, SharedStanding, watchAlerts, type Standing } from '../../standing/index.ts';
import type { OtherDeadLetters } from '../../dead-letters/index.ts';
import { keepJournal, watchWork } from '../journal/index.ts';
import { readHostSettings } from './host-settings.ts';
import { tooManyLetters } from './too-many-letters.ts';
import { ResourceSet, settledBy, type WorkerProgram, Supervisor, workerName } from '../../runtime/index.ts';
import { openState, type StateStore } from '../../state/index.ts';
import { usableEngine } from './usable-engine.ts';
import { readWorkArguments } from './work-arguments.ts';
import { readWorkerSettings } from './worker-settings.ts';

export interface WorkerFleetOptions {
  readonly argv: readonly string[];
  readonly variables: Variables;
  readonly facts: Facts;
  /** How to run this program again as one of its workers. */
  readonly program: WorkerProgram;
  /** Whether this process and its workers record the ends of jobs for the outbox. */
  readonly recordsEnds?: boolean;
  /** Dead letters that are no jobs: they count in the alarm. Called once, with the app. */
  readonly openOthers?: (app: App) => Promise<{
    readonly sources: readonly OtherDeadLetters[];
    close(): Promise<void>;
  }>;
  /** Called once, when every worker works on every queue. */
  readonly onReady?: () => void;
}

export interface WorkerFleet {
  /** Ends with the exit code: 0 after a clean stop. */
  readonly ended: Promise<number>;
  /** Asks for a clean stop; asked again after a second or more, it hurries. */
  stop(): void;
  readonly app: App;
  /** Where health and metrics are to be served: WORKER_PORT. */
  readonly port: number | undefined;
  standing(): FleetStanding;
  /** Asks every worker process; `value` is undefined where no answer came in time. */
  ask(what: string, withinMs: number): Promise<readonly { readonly worker: string; readonly value: unknown }[]>;
  /** How the work of the app stands, on all hosts. Waits for an engine that is away. */
  readStanding(): Promise<Standing>;
}

export interface FleetStanding {
  readonly phase: 'starting' | 'working' | 'draining';
  /** Worker processes that work on every queue, and answer. */
  readonly working: number;
  readonly wanted: number;
}

/** Platforms signal every process of a dyno, terminals a whole group, and npm passes on what it got: all of that is one request. */
const SAME_REQUEST_MS = 1_000;

/**
 * Runs an app's workers on this host, in processes of their own, until `stop()`.
 * @throws InvalidConfigError with every fault of arguments and environment at once, before anything is opened
 */
export async function startWorkerFleet(options: WorkerFleetOptions): Promise<WorkerFleet> {
  const { argv, variables, facts, program, onReady, openOthers } = options;
  const environment = new Environment(variables);
  const app = await loadApp(readWorkArguments(argv).app);
  const settings = readWorkerSettings(environment, app, new ResourceSet(facts));
  const { processes, port, maxMemoryMb, alertThreshold, alerts } = readHostSettings(environment);
  const release = readRelease(environment);
  environment.check();
  for (const warning of environment.warnings) facts.emit('config.warning', { warning });

  // What signs messages is loaded now: that it is missing must not be found out in the middle of an incident.
  const tell = alerts === undefined ? undefined : alertSender(alerts);
  const others = await openOthers?.(app);
  const engine = openEngine({ ...settings.engine, role: 'worker', facts });
  const name = workerName();
  const supervise: FleetParts['supervise'] = (store, onSupervisorReady, onStopAsked) =>
    new Supervisor({
      name,
      app,
      engine,
      store,
      facts,
      program,
      recordsEnds: options.recordsEnds,
      queues: settings.queues,
      processes,
      maxMemoryMb,
      graceMs: settings.graceMs,
      release,
      onStopAsked,
      alarm: {
        threshold: alertThreshold,
        others: others?.sources,
        notify: tell === undefined ? undefined : tooManyLetters(tell, () => engine.clock.now()),
      },
      onReady: () => {
        onSupervisorReady();
        onReady?.();
      },
    });
  const watchForAlerts =
    tell === undefined
      ? undefined
      : () => watchAlerts({ app, engine, facts, name, send: tell, others: others?.sources });
  const { queues, graceMs } = settings;
  return new SupervisedFleet({
    name,
    app,
    engine,
    facts,
    variables,
    port,
    queues,
    processes,
    graceMs,
    supervise,
    watchForAlerts,
    others,
  });
}

interface FleetParts {
  readonly name: string;
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  readonly variables: Variables;
  readonly port: number | undefined;
  readonly queues: readonly string[];
  readonly processes: number;
  readonly graceMs: number;
  /** Makes the supervisor, which calls back when every worker works, and when somebody wants the host to stop. */
  readonly supervise: (store: StateStore, onReady: () => void, onStopAsked: () => void) => Supervisor;
  /** Sends alerts until the function that it answers is called. */
  readonly watchForAlerts: (() => () => Promise<void>) | undefined;
  readonly others: { close(): Promise<void> } | undefined;
}

class SupervisedFleet implements WorkerFleet {
  readonly app: App;
  readonly port: number | undefined;
  readonly ended: Promise<number>;
  readonly #parts: FleetParts;
  readonly #standing: SharedStanding;
  readonly #stopAsked = new AbortController();
  readonly #stopped: Promise<number>;
  #askedAt = 0;
  #phase: FleetStanding['phase'] = 'starting';
  /** Undefined until the engine answers. */
  #supervisor: Supervisor | undefined;

  constructor(parts: FleetParts) {
    this.app = parts.app;
    this.port = parts.port;
    this.#parts = parts;
    this.#standing = new SharedStanding(parts);
    const { signal } = this.#stopAsked;
    this.#stopped = new Promise(resolve => signal.addEventListener('abort', () => resolve(0)));
    this.ended = this.#run();
  }

  standing(): FleetStanding {
    return { phase: this.#phase, working: this.#supervisor?.working ?? 0, wanted: this.#parts.processes };
  }

  ask(what: string, withinMs: number): ReturnType<WorkerFleet['ask']> {
    const workers = this.#supervisor?.workers ?? [];
    return Promise.all(workers.map(async worker => ({ worker: worker.name, value: await worker.ask(what, withinMs) })));
  }

  readStanding(): Promise<Standing> {
    return this.#standing.read();
  }

  stop(): void {
    this.#phase = 'draining';
    const now = performance.now();
    if (!this.#stopAsked.signal.aborted) {
      this.#askedAt = now;
      this.#stopAsked.abort();
    } else if (now - this.#askedAt >= SAME_REQUEST_MS) {
      this.#supervisor?.hurry();
    }
  }

  async #run(): Promise<number> {
    const { name, app, engine, facts, variables, graceMs, supervise, watchForAlerts, others } = this.#parts;
    let stopBy = Infinity;
    let endWatch: (() => void) | undefined;
    // Jobs that are to blame end here; and it sees its workers die.
    const journal = keepJournal({ engine, facts, variables, worker: name, host: name });
    try {
      await Promise.race([usableEngine(engine, facts, this.#stopAsked.signal), this.#stopped]);
      const store = await Promise.race([openState(engine), this.#stopped]);
      if (typeof store === 'number') return store;
      const working = (): void => {
        if (this.#phase === 'starting') this.#phase = 'working';
      };
      const supervisor = supervise(store, working, () => this.stop());
      this.#supervisor = supervisor;
      supervisor.start();
      if (journal !== undefined) endWatch = watchWork({ engine, queues: [...app.queues.keys()], journal });
      const stopAlerts = watchForAlerts?.();
      const code = await Promise.race([this.#stopped, supervisor.failed]);
      stopBy = performance.now() + graceMs;
      await Promise.all([supervisor.stop(graceMs), stopAlerts?.().catch(() => undefined)]);
      return code;
    } finally {
      endWatch?.();
      await journal?.close();
      const leftMs = Math.max(100, Math.min(1_000, stopBy - performance.now() - 100));
      // A database or a broker that does not answer must not make the exit late.
      await settledBy(performance.now() + leftMs, Promise.all([others?.close(), engine.close(leftMs)]));
    }
  }
}
