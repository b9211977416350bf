import { Environment, type Variables } from '../../config/index.ts';
import { loadApp } from '../load-app.ts';
import { type App } from '../../contracts/index.ts';
import { type Tracer } from '../../tracing/index.ts';
import { openEngine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import { openState } from '../../state/index.ts';
import {
  ResourceSet,
  type ClaimedJob,
  type Parent,
  PRESENCE_TTL_MS,
  isDebugged,
  sayTurns,
  startSampler,
  type Suspicion,
  watchForWedge,
  createWorkerHost,
  type WorkerHost,
} from '../../runtime/index.ts';
import { BlameBook, SUSPECT_AFTER } from '../../dead-letters/index.ts';
import { usableEngine } from './usable-engine.ts';
import { readWorkArguments } from './work-arguments.ts';
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

const MEMORY_EVERY_MS = 2_000;
const WEDGED_GRACE_MS = 2_000;
/** Without a supervisor: long enough to hand back what runs, and gone within half a presence period. */
const ORPHAN_SILENCE_MS = PRESENCE_TTL_MS / 4;
const ORPHAN_GRACE_MS = PRESENCE_TTL_MS / 4;

/**
 * Runs an app's jobs in this process for the supervisor that started it, until that stops it. Answers the exit code: 0 after
 * a clean stop.
 * @throws InvalidConfigError with every fault of arguments and environment at once, before anything is opened
 */
export async function runSupervisedWorker(options: SupervisedWorkerOptions): Promise<number> {
  const { argv, variables, facts, parent } = options;
  const stopAsked = new AbortController();
  const adopted = Promise.withResolvers<ClaimedJob>();
  let graceMs = 25_000;
  let code = 0;
  let host: WorkerHost | undefined;
  let unwatch = (): void => undefined;
  let finished = false;
  const stop = (withinMs: number): void => {
    graceMs = withinMs;
    stopAsked.abort();
  };

  const { app: path, supervised: name = '', adopt } = readWorkArguments(argv);
  parent.onMessage(message => {
    if (message.kind === 'stop') stop(message.graceMs);
    if (message.kind === 'hurry') host?.hurry();
    if (message.kind === 'adopt') adopted.resolve(message.job);
    if (message.kind === 'ask') {
      void Promise.resolve(options.answer?.(message.what))
        .catch(() => undefined)
        .then(value => parent.say({ kind: 'answer', id: message.id, value }));
    }
  });
  parent.onLost(ORPHAN_SILENCE_MS, () => {
    if (finished) return;
    code = 1;
    facts.emit('worker.orphaned', { worker: name });
    stop(ORPHAN_GRACE_MS);
    host?.hurry();
    setTimeout(options.leave, ORPHAN_GRACE_MS).unref();
  });
  const memory = setInterval(() => {
    parent.say({ kind: 'memory', megabytes: Math.round(process.memoryUsage.rss() / 1_048_576) });
  }, MEMORY_EVERY_MS).unref();

  const environment = new Environment(variables);
  const app = await loadApp(path);
  options.onApp?.(app);
  const resources = new ResourceSet(facts);
  const { engine: where, queues, handlers, concurrency, watch } = readWorkerSettings(environment, app, resources);
  environment.check();
  const { url, kind, namespace, secrets } = where;
  const engine = openEngine({
    url,
    role: 'worker',
    namespace,
    secrets,
    onError: error => facts.emit('engine.lost', { engine: kind, error }),
    onBack: awayMs => facts.emit('engine.back', { engine: kind, awayMs }),
  });
  try {
    await usableEngine(engine, facts, stopAsked.signal);
    if (stopAsked.signal.aborted) return code;
    const needs = await resources.open(handlers);
    const blame = new BlameBook(await openState(engine));
    const suspicion: Suspicion = {
      isSuspect: jobId =>
        blame.of(jobId).then(
          ({ crashes }) => crashes >= SUSPECT_AFTER,
          () => false,
        ),
      isolate: job => parent.say({ kind: 'isolate', job }),
    };
    const watched = watch !== 'off' && !isDebugged(process.execArgv, variables['NODE_OPTIONS']);
    if (watched && watch === 'on') startSampler();
    const ready = (): void => {
      parent.say({ kind: 'ready' });
      if (watched) sayTurns(parent);
    };
    host = createWorkerHost({
      app,
      engine,
      facts,
      needs,
      queues,
      concurrency,
      name,
      suspicion,
      tracer: options.tracer,
      watched,
      onStuck: jobName =>
        parent.say({ kind: 'recycle', reason: `the handler of "${jobName}" goes on after its deadline` }),
    });
    if (!adopt) {
      unwatch = watchForWedge({
        engine,
        queues,
        running: host.running,
        fetches: host.fetches,
        onWedged: queue => {
          facts.emit('worker.wedged', { worker: name, queue, step: 'reconnect' });
          engine.renew();
        },
        onHopeless: queue => {
          facts.emit('worker.wedged', { worker: name, queue, step: 'leave' });
          code = 1;
          stop(WEDGED_GRACE_MS);
        },
      });
    }
    if (adopt) await adoptOne(host, adopted.promise, stopAsked.signal, ready);
    else await serve(host, stopAsked.signal, ready);
    await host.stop(adopt && !stopAsked.signal.aborted ? 2_000 : graceMs);
    return code;
  } finally {
    finished = true;
    clearInterval(memory);
    unwatch();
    await engine.close(1_000);
    await resources.close();
  }
}

async function serve(host: WorkerHost, signal: AbortSignal, ready: () => void): Promise<void> {
  await host.start();
  if (signal.aborted) return;
  ready();
  await aborted(signal);
}

async function adoptOne(
  host: WorkerHost,
  adopted: Promise<ClaimedJob>,
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const job = await Promise.race([adopted, aborted(signal)]);
  if (job === undefined) return;
  ready();
  await Promise.race([host.adopt(job), aborted(signal)]);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
