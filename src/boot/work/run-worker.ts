import { flushCompileCache } from 'node:module';
import { Environment, type Variables } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { type App } from '../../contracts/index.ts';
import { type Tracer } from '../../tracing/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import { untilAborted } from '../../time/index.ts';
import {
  ResourceSet,
  type ClaimedJob,
  type Parent,
  isDebugged,
  sayTurns,
  startSampler,
  supervisorOf,
  type Suspicion,
  createWorkerHost,
  type WorkerHost,
} from '../../runtime/index.ts';
import { BlameBook, SUSPECT_AFTER } from '../../dead-letters/index.ts';
import { keepJournal, type KeptJournal } from '../journal/index.ts';
import { followParent } from './follow-parent.ts';
import { renewWhenWedged } from './renew-when-wedged.ts';
import { usableEngine } from './usable-engine.ts';
import { readWorkArguments } from './work-arguments.ts';
import { WorkerEnding } from './worker-ending.ts';
import { readWorkerSettings } from './worker-settings.ts';

export interface SupervisedWorkerOptions {
  readonly argv: readonly string[];
  readonly variables: Variables;
  readonly facts: Facts;
  readonly parent: Parent;
  /** Ends this process, whatever still holds it. */
  readonly leave: () => void;
  /** Makes a span of each run. */
  readonly tracer?: Tracer | undefined;
  /** Called with the app when it has been loaded, before anything is opened. */
  readonly onApp?: (app: App) => void;
  /** Answers what the supervisor asks, such as this process's metrics. */
  readonly answer?: (what: string) => unknown;
}

const WEDGED_GRACE_MS = 2_000;
/** What is left of the journal is written within this, at a stop. */
const JOURNAL_PATIENCE_MS = 300;
/** For whoever ran one adopted job alone: nothing else is under way. */
const ADOPTED_GRACE_MS = 2_000;

/**
 * Runs an app's jobs in this process for the supervisor that started it, until that stops it. Answers the exit code: 0 after
 * a clean stop.
 * @throws InvalidConfigError with every fault of arguments and environment at once, before anything is opened
 */
export async function runSupervisedWorker(options: SupervisedWorkerOptions): Promise<number> {
  const { argv, variables, facts, parent, answer, leave, tracer } = options;
  const { app: path, supervised: name = '', adopt } = readWorkArguments(argv);
  const ending = new WorkerEnding();
  const line = followParent({ parent, name, ending, facts, answer, leave });

  const environment = new Environment(variables);
  const app = await loadApp(path);
  options.onApp?.(app);
  const resources = new ResourceSet(facts);
  const { engine: where, queues, handlers, concurrency, watch } = readWorkerSettings(environment, app, resources);
  environment.check();
  const engine = openEngine({ ...where, role: 'worker', facts });
  let unwatch: (() => void) | undefined;
  let journal: KeptJournal | undefined;
  try {
    await usableEngine(engine, facts, ending.signal);
    if (ending.signal.aborted) return ending.code;
    const needs = await resources.open(handlers);
    const suspicion = await suspicionOf(engine, parent);
    const watched = watch !== 'off' && !isDebugged(process.execArgv, variables['NODE_OPTIONS']);
    if (watched && watch === 'on') startSampler();
    const onStuck = (job: string): void =>
      parent.say({ kind: 'recycle', reason: `the handler of "${job}" goes on after its deadline` });
    journal = keepJournal({ engine, facts, variables, worker: name, host: supervisorOf(name) ?? name });
    const beforeClose = async (): Promise<void> => journal?.flush(JOURNAL_PATIENCE_MS);
    const work = {
      app,
      engine,
      facts,
      needs,
      queues,
      concurrency,
      name,
      suspicion,
      tracer,
      watched,
      onStuck,
      beforeClose,
    };
    const host = createWorkerHost(work);
    // Else Node writes it at the exit: the first stop after an install took 1.2 s where others take 0.15, on a busy machine more than the grace.
    flushCompileCache();
    line.leads(host);
    const ready = (): void => {
      parent.say({ kind: 'ready' });
      if (watched) sayTurns(parent);
    };
    if (adopt) {
      await adoptOne(host, line.adopted, ending.signal, ready);
    } else {
      const onHopeless = (): void => ending.askAsFailed(WEDGED_GRACE_MS);
      unwatch = renewWhenWedged({ name, engine, queues, host, facts, onHopeless });
      await serve(host, ending.signal, ready);
    }
    await host.stop(ending.graceMs(ADOPTED_GRACE_MS));
    return ending.code;
  } finally {
    line.close();
    unwatch?.();
    await journal?.close();
    await engine.close(1_000);
    await resources.close();
  }
}

/** A job that was present at crashes is passed to the supervisor, which runs it alone. */
async function suspicionOf(engine: Engine, parent: Parent): Promise<Suspicion> {
  const blame = new BlameBook(await openState(engine));
  return {
    isSuspect: jobId =>
      blame.of(jobId).then(
        ({ crashes }) => crashes >= SUSPECT_AFTER,
        () => false,
      ),
    isolate: job => parent.say({ kind: 'isolate', job }),
  };
}

async function serve(host: WorkerHost, signal: AbortSignal, ready: () => void): Promise<void> {
  await host.start();
  if (signal.aborted) return;
  ready();
  await untilAborted(signal);
}

async function adoptOne(
  host: WorkerHost,
  adopted: Promise<ClaimedJob>,
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const job = await Promise.race([adopted, untilAborted(signal)]);
  if (job === undefined) return;
  ready();
  await Promise.race([host.adopt(job), untilAborted(signal)]);
}
