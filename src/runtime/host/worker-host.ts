import { InvalidConfigError } from '../../config/index.ts';
import { type App, type QueuePolicy } from '../../contracts/index.ts';
import { type Tracer } from '../../tracing/index.ts';
import { CauseCounter, countDeaths } from '../../dead-letters/index.ts';
import { Facts } from '../../facts/index.ts';
import { Ledgers, openState, secretsOf, type Ledger } from '../../state/index.ts';
import type { ClockWatch, Engine } from '../../engine/index.ts';
import { pauseWithoutKey } from '../../queue/index.ts';
import { assignmentProblems, handlersOf, keyProblems, policiesOf } from './assignment.ts';
import { watchCancels } from './cancel-watch.ts';
import { Destinations } from '../destinations/destinations.ts';
import { clearNote } from './clear-note.ts';
import { Fetches } from './fetches.ts';
import { watchHostClock } from './host-clock.ts';
import { watchLoop } from './loop-watch.ts';
import { LostClaims } from './lost-claims.ts';
import { QueueWorker } from './queue-worker.ts';
import { Grouping } from '../destinations/grouping.ts';
import { runFields, type Assignment, type QueueContext, type RunContext } from '../run/run-context.ts';
import { RunningJobs } from '../run/running-jobs.ts';
import type { ClaimedJob } from '../supervisor/child/messages.ts';
import { settledBy } from '../supervisor/deaths/settled-by.ts';
import type { Suspicion } from '../run/suspicion.ts';
import { applyTotalConcurrency } from './total-concurrency.ts';
import type { WorkerFigures } from './worker-figures.ts';
import { workerName } from './worker-name.ts';

export interface WorkerHostOptions {
  readonly app: App;
  /** Opened with the role `worker`; closed by `stop()`. */
  readonly engine: Engine;
  readonly facts?: Facts;
  /** Values of the handlers' needs, by contract name: see ResourceSet. */
  readonly needs?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** All of the app's queues when left out. */
  readonly queues?: readonly string[] | undefined;
  /** Jobs at once per queue; overrides the app's. */
  readonly concurrency?: number | undefined;
  /** Made up when left out; a supervisor gives its workers theirs. */
  readonly name?: string | undefined;
  readonly suspicion?: Suspicion | undefined;
  /** Makes a span of each run. */
  readonly tracer?: Tracer | undefined;
  /** A supervisor watches this process's silence from outside, and says so. */
  readonly watched?: boolean | undefined;
  /** Called after this process has answered nothing for a while, with the jobs that may have kept it; `worker.blocked` is emitted when left out. */
  readonly onBlocked?: ((blockedMs: number, jobs: readonly string[]) => void) | undefined;
  /** Called at a stop, when nothing runs any more and the engine is still open: at most for a third of a second. */
  readonly beforeClose?: (() => Promise<void>) | undefined;
  /** Called for a handler that goes on long after its deadline: this process should be replaced. */
  readonly onStuck?: ((jobName: string) => void) | undefined;
}

/** Time kept back from the grace period for handing jobs back and closing connections. */
const STOP_MARGIN_MS = 1_500;
/** After an outage: what was under way arrives, what ended is recorded, then comes the second look. */
const LOOK_AFTER_MS = 1_000;
const LOOK_AGAIN_MS = 3_000;
/** A process that answers nothing for so long is reported, with the jobs that it runs. */
const BLOCKED_MS = 1_000;
/** The last dead letters are counted within this, or found in the background. */
const DEATHS_PATIENCE_MS = 300;
/** For closing connections, at the end of the grace period. */
const CLOSE_MS = 500;
/** A handler that obeys its signal ends within this. */
const ABORT_PATIENCE_MS = 250;

/**
 * Runs an app's jobs in this process: one loop of turns per queue.
 *
 * Use: `const host = createWorkerHost(...); await host.start(); ... await host.stop(graceMs)`. Start and stop may be called
 * again and at the same time: each is one promise. A failed start unwinds.
 */
export class WorkerHost {
  readonly name: string;
  readonly facts: Facts;
  readonly running = new RunningJobs();
  /** By queue. */
  readonly fetches: ReadonlyMap<string, Fetches>;
  readonly queues: readonly string[];
  readonly #options: WorkerHostOptions;
  readonly #policies: readonly QueuePolicy[];
  readonly #workers: QueueWorker[] = [];
  readonly #destinations: Destinations;
  readonly #ledgers: Ledgers;
  readonly #now: () => number;
  /** Tokens of suspects: few, and a token is never given twice. */
  readonly #passedOn = new Set<string>();
  readonly #unwatch: (() => void)[] = [];
  readonly #clock: ClockWatch;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #hurry: (() => void) | undefined;
  #handedBack = 0;
  #quiet = false;
  #lagMs = 0;
  #lookTimer: NodeJS.Timeout | undefined;
  #deaths: ReturnType<typeof countDeaths> | undefined;

  constructor(options: WorkerHostOptions) {
    this.#options = options;
    this.name = options.name ?? workerName();
    this.facts = options.facts ?? new Facts();
    const { engine } = options;
    engine.place(options.app);
    this.#now = () => engine.clock.now();
    this.#ledgers = new Ledgers(engine);
    this.#destinations = new Destinations({
      facts: this.facts,
      now: this.#now,
      state: () => openState(engine),
    });
    this.#clock = watchHostClock(engine, this.name, options.suspicion === undefined ? this.facts : undefined);
    this.queues = options.queues ?? [...options.app.queues.keys()];
    this.fetches = new Map(this.queues.map(queue => [queue, new Fetches()]));
    const hasKeys = engine.cipher.keyIds.length > 0;
    const problems = [
      ...assignmentProblems(options.app, this.queues),
      ...keyProblems(options.app, this.queues, hasKeys),
    ];
    if (problems.length > 0) throw new InvalidConfigError(problems);
    this.#policies = policiesOf(options.app, this.queues);
  }

  get stopping(): boolean {
    return this.#stopping !== undefined;
  }

  get isQuiet(): boolean {
    return this.#quiet;
  }

  /** Takes no new jobs until `quiet(false)`; what it runs goes on. A stop ends it for good. */
  quiet(on: boolean): void {
    if (this.#quiet === on || this.stopping) return;
    this.#quiet = on;
    // Whoever takes again has not been idle by its own fault.
    if (!on) for (const fetches of this.fetches.values()) fetches.note(performance.now());
    for (const worker of this.#workers) worker.quiet(on);
  }

  /** How it is loaded now. */
  figures(): WorkerFigures {
    const lagMs = this.#lagMs;
    this.#lagMs = 0;
    const { concurrency } = this.#options;
    const slots = this.#policies.reduce((sum, policy) => sum + (concurrency ?? policy.concurrency), 0);
    return { running: this.running.size, slots, lagMs, quiet: this.#quiet };
  }

  /** Resolves when every queue is being worked on; waits for an engine that is away. */
  start(): Promise<void> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Takes no new work, lets running jobs end until the grace period is nearly over, then aborts their signals and hands
   * back what has not ended. Returns before `graceMs` is over, whatever the engine does.
   */
  stop(graceMs = 25_000): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** Ends the patience of a stop under way: what still runs is aborted and handed back now. */
  hurry(): void {
    this.#hurry?.();
  }

  async #start(): Promise<void> {
    const { engine } = this.#options;
    try {
      for (const policy of this.#policies) {
        this.#workers.push(await this.#openWorker(policy, this.#suspicion()));
        if (!this.stopping) await applyTotalConcurrency(engine, policy);
        if (this.stopping) return;
      }
    } catch (error) {
      if (!this.stopping) await engine.close();
      throw error;
    }
    this.#watch();
    for (const worker of this.#workers) worker.start(this.#quiet);
    this.facts.emit('worker.started', { worker: this.name, queues: this.queues, engine: engine.kind });
  }

  /**
   * Runs one job that another process holds, by its lock's token, and no other. Resolves when it is settled. Instead of `start()`,
   * not beside it.
   */
  async adopt(job: ClaimedJob): Promise<void> {
    const [policy] = policiesOf(this.#options.app, [job.queue]);
    if (policy === undefined) throw new InvalidConfigError([`Expected a queue of the app, got "${job.queue}".`]);
    const worker = await this.#openWorker(policy, undefined);
    if (this.stopping) return;
    // It can be cancelled here too, and may block this process as any other.
    this.#watch();
    this.#workers.push(worker);
    await worker.adopt(job);
  }

  #openWorker(policy: QueuePolicy, suspicion: Suspicion | undefined): Promise<QueueWorker> {
    return QueueWorker.open({
      app: this.#options.app,
      engine: this.#options.engine,
      policy,
      concurrency: this.#options.concurrency ?? policy.concurrency,
      context: this.#context(policy, suspicion),
    });
  }

  #context(
    policy: QueuePolicy,
    suspicion: Suspicion | undefined,
  ): Omit<QueueContext, 'notes' | 'steps' | 'batches' | 'engine' | 'groups'> {
    const { app, engine, needs, tracer } = this.#options;
    const { name: queue } = policy;
    const assignments = new Map<string, Assignment>();
    for (const handler of handlersOf(app, [queue])) {
      const { contract } = handler;
      const { name: scope, sensitive, encrypt } = contract;
      const its = { scope, worker: this.name, cipher: engine.cipher, encrypts: encrypt.length > 0, sensitive };
      const ledger = (signal: AbortSignal): Promise<Ledger> => this.#ledgers.open({ ...its, signal });
      assignments.set(contract.name, {
        contract,
        handler,
        needs: needs?.get(contract.name) ?? {},
        ledger,
        use: app.use,
      });
    }
    return {
      cipher: engine.cipher,
      pauseWithoutKey: (contract, keyId, untilMs) =>
        // Best effort: the job itself waits as long, and the next one says it again.
        pauseWithoutKey({ engine, facts: this.facts }, { queue, contract, keyId, untilMs, worker: this.name }).catch(
          () => undefined,
        ),
      clock: engine.clock,
      now: this.#now,
      clockDoubted: () => this.#clock.doubted,
      queue,
      worker: this.name,
      facts: this.facts,
      running: this.running,
      fetches: this.fetches.get(queue) ?? new Fetches(),
      assignments,
      clearNote: (jobId, progress) => clearNote(engine, queue, jobId, progress),
      stopping: () => this.stopping,
      suspicion,
      tracer,
      destinations: policy.destinations.named ? { breakers: this.#destinations, policy } : undefined,
      // The queue's own rate, which has no name, has no groups.
      grouping: policy.allLimits.some(({ name }) => name !== '') ? new Grouping(policy, secretsOf(engine)) : undefined,
      onStuck: run => this.#stuck(run),
    };
  }

  /** As it was given; what is passed on stays active under this worker's name, and is not lost. */
  #suspicion(): Suspicion | undefined {
    const { suspicion } = this.#options;
    return (
      suspicion && {
        ...suspicion,
        isolate: job => {
          this.#passedOn.add(job.token);
          suspicion.isolate(job);
        },
      }
    );
  }

  #stuck(run: RunContext): void {
    this.facts.emit('job.stuck', runFields(run));
    this.#options.onStuck?.(run.job.name);
  }

  #watch(): void {
    const loop = watchLoop(lateMs => {
      this.#lagMs = Math.max(this.#lagMs, lateMs);
      const jobs = this.running.takeSuspects();
      if (lateMs < BLOCKED_MS || this.#options.watched === true) return;
      const { onBlocked } = this.#options;
      if (onBlocked !== undefined) onBlocked(lateMs, jobs);
      else this.facts.emit('worker.blocked', { worker: this.name, blockedMs: lateMs, jobs, stack: [] });
    });
    const lost = new LostClaims({
      engine: this.#options.engine,
      queues: this.queues,
      worker: this.name,
      knows: (queue, { jobId, token }) => this.running.find(jobId, queue) !== undefined || this.#passedOn.has(token),
      onHandedBack: (queue, jobId, jobName) => {
        const { name } = this;
        this.facts.emit('job.rescued', { jobId, jobName, queue, worker: name, rescuer: name, cause: 'lost-claim' });
      },
    });
    const back = this.facts.on('engine.back', () => {
      clearTimeout(this.#lookTimer);
      this.#lookTimer = setTimeout(() => void this.#look(lost), LOOK_AFTER_MS);
    });
    const { app, engine } = this.#options;
    this.#deaths = countDeaths(this.facts, () => CauseCounter.open(app, engine));
    this.#unwatch.push(loop, back, watchCancels(engine, this.running));
  }

  async #look(lost: LostClaims): Promise<void> {
    const before = await lost.look().catch(() => undefined);
    if (before === undefined || this.stopping) return;
    this.#lookTimer = setTimeout(() => void lost.handBack(before).catch(() => undefined), LOOK_AGAIN_MS);
  }

  async #stop(graceMs: number): Promise<void> {
    const startedAt = performance.now();
    const left = () => Math.max(0, graceMs - (performance.now() - startedAt));
    this.facts.emit('worker.draining', { worker: this.name, running: this.running.size });
    const uncount = this.facts.on('job.handed-back', ({ fields }) => {
      if (fields.worker === this.name) this.#handedBack += 1;
    });
    for (const worker of this.#workers) worker.pause();

    const hurried = new Promise<false>(resolve => (this.#hurry = () => resolve(false)));
    const idle = this.running.idle(Math.max(0, graceMs - STOP_MARGIN_MS));
    if (!(await Promise.race([idle, hurried]))) {
      for (const run of this.running) run.abort('shutdown');
      if (!(await this.running.idle(Math.min(ABORT_PATIENCE_MS, left())))) {
        for (const run of this.running) run.giveUp('shutdown');
      }
    }
    await settledBy(performance.now() + left() - CLOSE_MS, Promise.all(this.#workers.map(worker => worker.settled())));
    for (const worker of this.#workers) worker.abandon();
    await settledBy(
      performance.now() + Math.min(DEATHS_PATIENCE_MS, left() / 2),
      Promise.all([this.#deaths?.close(), this.#options.beforeClose?.()]),
    );
    await this.#options.engine.close(Math.max(200, left() - 200));
    clearTimeout(this.#lookTimer);
    for (const unwatch of this.#unwatch) unwatch();
    this.#clock.stop();
    uncount();
    const tookMs = Math.round(performance.now() - startedAt);
    this.facts.emit('worker.stopped', { worker: this.name, handedBack: this.#handedBack, tookMs });
  }
}

export function createWorkerHost(options: WorkerHostOptions): WorkerHost {
  return new WorkerHost(options);
}
