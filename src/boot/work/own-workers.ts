import { Environment, readRelease, type Variables } from '../../config/index.ts';
import type { App } from '../../contracts/index.ts';
import { openEngine, type Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import {
  createWorkerHost,
  HostDuties,
  isDebugged,
  settledBy,
  supervisedName,
  supervisorOf,
  watchOwnProcess,
  type FleetHost,
  type WorkerOrder,
  workerName,
  type OwnWatch,
  type ResourceSet,
  type WorkerHost,
} from '../../runtime/index.ts';
import { openState } from '../../state/index.ts';
import type { Tracer } from '../../tracing/index.ts';
import { keepJournal, watchWork, type KeptJournal } from '../journal/index.ts';
import { recordOutboxEnds } from '../outbox/index.ts';
import { renewWhenWedged } from './renew-when-wedged.ts';
import { usableEngine } from './usable-engine.ts';
import type { WorkerSettings } from './worker-settings.ts';

export interface StartedWorkers {
  readonly name: string;
  readonly queues: readonly string[];
  readonly facts: Facts;
  /** Jobs that run here now. */
  readonly running: number;
  /**
   * Takes no more work, lets running jobs end within `graceMs` (SHUTDOWN_GRACE_MS, else 25 s), hands the others back to the heads of their
   * queues, and closes everything. Repeated calls share one promise.
   */
  stop(graceMs?: number): Promise<void>;
}

export interface OwnWorkersParts {
  readonly app: App;
  readonly settings: WorkerSettings;
  /** Configured for the settings' handlers. */
  readonly resources: ResourceSet;
  readonly variables: Variables;
  readonly facts: Facts;
  readonly tracer: Tracer | undefined;
  readonly onHopeless: ((queue: string) => void) | undefined;
  /** Stops them when it aborts. */
  readonly signal: AbortSignal | undefined;
}

type OutboxEnds = Awaited<ReturnType<typeof recordOutboxEnds>>;

/** What is there to be closed: nothing, the outbox's ends, a host of jobs that has not begun, all of it. */
type Phase =
  | { readonly is: 'waiting' }
  | { readonly is: 'opening'; readonly ends: OutboxEnds }
  | ({ readonly is: 'ready' } & Ready)
  | ({ readonly is: 'working' } & Ready & Watches);

interface Ready {
  readonly ends: OutboxEnds;
  readonly journal: KeptJournal | undefined;
  readonly work: WorkerHost;
}

interface Watches {
  readonly duties: HostDuties;
  /** Undefined where it is switched off, and under a debugger, whose pauses would look like blocks. */
  readonly watch: OwnWatch | undefined;
  /** Ends the looks at connections and at the work of the app. */
  readonly unwatch: () => void;
}

/** A host and its one worker in the same process. */
export class OwnWorkers implements StartedWorkers {
  readonly name: string;
  readonly queues: readonly string[];
  readonly facts: Facts;
  readonly #parts: OwnWorkersParts;
  readonly #stopAsked = new AbortController();
  readonly #host = workerName();
  /** This process uses it for its duties as a host. The jobs have a connection of their own, which ends before it. */
  readonly #engine: Engine;
  #phase: Phase = { is: 'waiting' };
  #stopping: Promise<void> | undefined;
  readonly #startedAt = performance.now();
  #quietBy: string | undefined;

  constructor(parts: OwnWorkersParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.queues = parts.settings.queues;
    this.name = supervisedName(this.#host, 1);
    this.#engine = this.#open();
  }

  get running(): number {
    return this.#work?.running.size ?? 0;
  }

  get #work(): WorkerHost | undefined {
    return 'work' in this.#phase ? this.#phase.work : undefined;
  }

  async start(): Promise<void> {
    const { signal } = this.#parts;
    // What did not close is told to whoever calls stop().
    const stop = (): void => void this.stop().catch(() => undefined);
    // A signal may outlive many workers: it forgets those that have stopped.
    signal?.addEventListener('abort', stop, { once: true, signal: this.#stopAsked.signal });
    if (signal?.aborted === true) stop();
    try {
      await this.#start();
    } catch (error) {
      // Why it did not start matters, not what did not close after it.
      await this.stop(1_000).catch(() => undefined);
      throw error;
    }
  }

  stop(graceMs = this.#parts.settings.graceMs): Promise<void> {
    this.#stopAsked.abort();
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { app, tracer } = this.#parts;
    const { handlers, concurrency, watch } = this.#parts.settings;
    const { facts, name, queues } = this;
    const { signal } = this.#stopAsked;
    await usableEngine(this.#engine, facts, signal);
    if (signal.aborted) return;
    const ends = await recordOutboxEnds(facts, this.#parts.variables, () => undefined);
    if (signal.aborted) return void (await ends?.close(500));
    this.#phase = { is: 'opening', ends };
    const needs = await this.#parts.resources.open(handlers);
    if (signal.aborted) return;
    const engine = this.#open();
    const watched = watch !== 'off' && !isDebugged(process.execArgv, this.#parts.variables['NODE_OPTIONS']);
    const onBlocked = (blockedMs: number, jobs: readonly string[]): void => void this.#blocked(blockedMs, jobs);
    const { variables } = this.#parts;
    // The journal uses the connection that ends last.
    const journal = keepJournal({ engine: this.#engine, facts, variables, worker: name, host: this.#host });
    const host = createWorkerHost({ app, engine, facts, needs, queues, concurrency, name, tracer, onBlocked });
    const ready = { ends, journal, work: host };
    this.#phase = { is: 'ready', ...ready };
    const store = await openState(this.#engine);
    if (signal.aborted) return;
    const duties = new HostDuties({
      name: this.#host,
      app,
      engine: this.#engine,
      store,
      facts,
      queues,
      processes: 1,
      recordsEnds: ends !== undefined,
      release: readRelease(new Environment(variables)),
      standing: () => this.#standing(),
      obey: orders => this.#obey(orders),
      isGone: (worker, _jobId, present) => {
        const other = supervisorOf(worker);
        return other !== undefined && other !== this.#host && !present.has(other);
      },
      cause: () => 'host-lost',
    });
    duties.start();
    const ownWatch = watched ? watchOwnProcess(name, watch === 'on') : undefined;
    const onHopeless = (queue: string): void => this.#parts.onHopeless?.(queue);
    const unwatchClaims = renewWhenWedged({ name, engine, queues, host, facts, onHopeless });
    const unwatchWork = journal && watchWork({ engine: this.#engine, queues: [...app.queues.keys()], journal });
    const unwatch = (): void => {
      unwatchClaims();
      unwatchWork?.();
    };
    this.#phase = { is: 'working', ...ready, duties, watch: ownWatch, unwatch };
    await host.start();
  }

  /** The thread knows where the code stood; the host knows which jobs were there. */
  async #blocked(blockedMs: number, jobs: readonly string[]): Promise<void> {
    const stack = (this.#phase.is === 'working' ? await this.#phase.watch?.where() : undefined) ?? [];
    this.facts.emit('worker.blocked', { worker: this.name, blockedMs, jobs, stack });
  }

  #standing(): Pick<FleetHost, 'workers' | 'quietBy'> {
    const { name } = this;
    const { quiet = false, ...figures } = this.#work?.figures() ?? {};
    const startedAt = Math.round(this.#engine.clock.now() - (performance.now() - this.#startedAt));
    const memoryMb = Math.round(process.memoryUsage.rss() / 1_048_576);
    const worker = { name, pid: process.pid, startedAt, memoryMb, quiet, answers: true, ...figures };
    return { workers: [worker], quietBy: this.#quietBy };
  }

  /** The host and its one process are the same, so an order to either holds for both. */
  #obey(orders: ReadonlyMap<string, WorkerOrder>): void {
    const given = [orders.get(this.#host), orders.get(this.name)];
    const order = given.find(each => each?.what === 'stop') ?? given.find(each => each !== undefined);
    const before = this.#quietBy;
    this.#quietBy = order?.by;
    this.#work?.quiet(order !== undefined);
    if (order?.what === 'stop') {
      this.facts.emit('worker.stop-asked', { worker: this.#host, by: order.by });
      // What did not close is told to whoever calls stop(): unheard it must not end a process that is not ours.
      this.stop().catch(() => undefined);
    } else if (order !== undefined && before === undefined) {
      this.facts.emit('worker.quieted', { worker: this.name, by: order.by });
    } else if (order === undefined && before !== undefined) {
      this.facts.emit('worker.resumed', { worker: this.name });
    }
  }

  #open(): Engine {
    return openEngine({ ...this.#parts.settings.engine, role: 'worker', facts: this.facts });
  }

  async #stop(graceMs: number): Promise<void> {
    const endsAt = performance.now() + graceMs;
    const phase = this.#phase;
    const duties = phase.is === 'working' ? phase.duties : undefined;
    const lead = duties?.stop();
    await this.#work?.stop(graceMs);
    if (phase.is === 'working') {
      phase.unwatch();
      phase.watch?.stop();
    }
    if ('journal' in phase) await phase.journal?.close();
    const leftMs = Math.max(500, endsAt - performance.now());
    const leaving = (async () => {
      await lead;
      await duties?.leave();
    })();
    // An engine or a database that does not answer must not make the stop late.
    await settledBy(performance.now() + Math.min(leftMs, 2_000), leaving);
    const ends = 'ends' in phase ? phase.ends : undefined;
    await settledBy(performance.now() + 1_000, Promise.all([this.#engine.close(500), ends?.close(500)]));
    await this.#parts.resources.close();
  }
}
