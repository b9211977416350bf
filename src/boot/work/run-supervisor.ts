import { Environment, type Variables } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { type App } from '../../contracts/index.ts';
import { openEngine } from '../../engine/index.ts';
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
  environment.check();
  for (const warning of environment.warnings) facts.emit('config.warning', { warning });

  // What signs messages is loaded now: that it is missing must not be found out in the middle of an incident.
  const tell = alerts === undefined ? undefined : alertSender(alerts);
  const others = await openOthers?.(app);
  const engine = openEngine({ ...settings.engine, role: 'worker', facts });
  const standing = new SharedStanding({ app, engine });
  const name = workerName();
  let stopAlerts: (() => Promise<void>) | undefined;
  let phase: FleetStanding['phase'] = 'starting';
  /** Undefined until the engine answers. */
  let supervisor: Supervisor | undefined;
  const supervise = (store: StateStore): Supervisor =>
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
      alarm: {
        threshold: alertThreshold,
        others: others?.sources,
        notify: tell === undefined ? undefined : tooManyLetters(tell, () => engine.clock.now()),
      },
      onReady: () => {
        if (phase === 'starting') phase = 'working';
        onReady?.();
      },
    });
  const stopAsked = new AbortController();
  const stopped = new Promise<number>(resolve => stopAsked.signal.addEventListener('abort', () => resolve(0)));
  let askedAt = 0;

  const run = async (): Promise<number> => {
    let stopBy = Infinity;
    let endWatch: (() => void) | undefined;
    // Jobs that are to blame end here; and it sees its workers die.
    const journal = keepJournal({ engine, facts, variables, worker: name, host: name });
    try {
      await Promise.race([usableEngine(engine, facts, stopAsked.signal), stopped]);
      const store = await Promise.race([openState(engine), stopped]);
      if (typeof store === 'number') return store;
      supervisor = supervise(store);
      supervisor.start();
      if (journal !== undefined) endWatch = watchWork({ engine, queues: [...app.queues.keys()], journal });
      if (tell !== undefined) {
        stopAlerts = watchAlerts({ app, engine, facts, name, send: tell, others: others?.sources });
      }
      const code = await Promise.race([stopped, supervisor.failed]);
      stopBy = performance.now() + settings.graceMs;
      await Promise.all([supervisor.stop(settings.graceMs), stopAlerts?.().catch(() => undefined)]);
      return code;
    } finally {
      endWatch?.();
      await journal?.close();
      const leftMs = Math.max(100, Math.min(1_000, stopBy - performance.now() - 100));
      // A database or a broker that does not answer must not make the exit late.
      await settledBy(performance.now() + leftMs, Promise.all([others?.close(), engine.close(leftMs)]));
    }
  };
  return {
    ended: run(),
    app,
    port,
    standing: () => ({ phase, working: supervisor?.working ?? 0, wanted: processes }),
    ask: (what, withinMs) =>
      Promise.all(
        (supervisor?.workers ?? []).map(async worker => ({
          worker: worker.name,
          value: await worker.ask(what, withinMs),
        })),
      ),
    readStanding: () => standing.read(),
    stop() {
      phase = 'draining';
      const now = performance.now();
      if (!stopAsked.signal.aborted) {
        askedAt = now;
        stopAsked.abort();
      } else if (now - askedAt >= SAME_REQUEST_MS) {
        supervisor?.hurry();
      }
    },
  };
}
