import type { App } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Facts } from '../../facts/index.ts';
import type { StateStore } from '../../state/index.ts';
import { settledBy } from './deaths/settled-by.ts';
import { ChildWorker, type WorkerExit, type WorkerProgram } from './child/child-worker.ts';
import { Deaths } from './deaths/deaths.ts';
import { HostDuties } from './rounds/host-duties.ts';
import type { WorkerPresence } from './fleet/host-presence.ts';
import type { WorkerOrder } from './fleet/orders.ts';
import { Isolation } from './deaths/isolation.ts';
import { supervisedName, supervisorOf, type FromWorker } from './child/messages.ts';
import { Respawn } from './child/respawn.ts';
import { Timers } from './rounds/timers.ts';
import { watchDeadLetters, type AlarmOptions } from './rounds/watch-dead-letters.ts';
import { claimsOf, keepClaims } from './watch/worker-claims.ts';
import { Watch } from './watch/watch.ts';

export interface SupervisorOptions {
  readonly name: string;
  readonly app: App;
  /** Opened with the role `worker`; closed by whoever opened it. */
  readonly engine: Engine;
  /** The shared state, on that engine. */
  readonly store: StateStore;
  readonly facts: Facts;
  readonly program: WorkerProgram;
  /** Whether the workers record the ends of jobs for the outbox. */
  readonly recordsEnds?: boolean | undefined;
  readonly queues: readonly string[];
  readonly processes: number;
  readonly maxMemoryMb?: number | undefined;
  /** What a worker that is replaced may take to end what it runs, in milliseconds; 25,000 when left out. */
  readonly graceMs?: number | undefined;
  readonly presence?: { readonly ttlMs: number; readonly everyMs: number };
  /** When there are too many dead letters; nobody looks when left out. */
  readonly alarm?: AlarmOptions | undefined;
  /** What the running code is called. */
  readonly release?: string | undefined;
  /** Called once, when somebody wants this host to stop. */
  readonly onStopAsked?: (() => void) | undefined;
  /** Called once, when every worker is working. */
  readonly onReady?: (() => void) | undefined;
}

const ALIVE_EVERY_MS = 1_000;
/** Time kept back from the workers' grace period for what comes after them. */
const OWN_MARGIN_MS = 700;
const GRACE_MS = 25_000;

/**
 * Owns the workers of one host: starts them, replaces those that die, hands back what they held, and stops last.
 *
 * Use: `const supervisor = new Supervisor(...); supervisor.start(); ... await supervisor.stop(graceMs)`.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #workers = new Set<ChildWorker>();
  readonly #respawn = new Respawn();
  readonly #recycling = new Respawn();
  /** To be replaced. */
  readonly #worn = new WeakSet<ChildWorker>();
  readonly #timers = new Timers();
  readonly #watch: Watch;
  readonly #failed = Promise.withResolvers<number>();
  readonly #duties: HostDuties;
  readonly #deaths: Deaths;
  readonly #isolation: Isolation;
  #numbers = 0;
  #everReady = false;
  #saidReady = false;
  #quietBy: string | undefined;
  #stopAsked = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { app, engine, facts, queues, processes } = options;
    engine.place(app);
    this.#duties = new HostDuties({
      ...options,
      standing: () => ({ workers: this.#present(), quietBy: this.#quietBy }),
      obey: orders => this.#obey(orders),
      isGone: (worker, job, present) => this.#isGone(worker, job, present),
      cause: worker => (this.#deaths.forgave(worker) ? 'late' : 'host-lost'),
    });
    const { blame, rescue } = this.#duties;
    this.#deaths = new Deaths({
      rescue,
      blame,
      isIsolated: job => this.#isolation.holds(job),
      passed: ms => this.#timers.passed(ms),
    });
    this.#isolation = new Isolation({
      app,
      engine,
      blame,
      facts,
      startWorker: job => this.#startWorker(job),
      atOnce: Math.max(2, processes),
      diedTogether: worker => this.#deaths.diedTogether(worker.name),
    });
    this.#watch = new Watch({
      facts,
      lockMs: Math.min(...queues.map(queue => app.queues.get(queue)?.lockMs ?? Infinity)),
      claims: worker => claimsOf(engine, queues, worker, this.#isolation.jobOf(worker)),
      keep: claims => keepClaims(engine, app, claims),
    });
  }

  /** Resolves with an exit code when no worker can be started at all. */
  get failed(): Promise<number> {
    return this.#failed.promise;
  }

  get workers(): readonly ChildWorker[] {
    return [...this.#workers];
  }

  /** How many processes work on every queue now, and answer. */
  get working(): number {
    return [...this.#workers].filter(
      worker => worker.ready && !worker.leaving && !this.#runsAlone(worker) && this.#watch.answers(worker.name),
    ).length;
  }

  start(): void {
    const { app, engine, facts, store, processes, alarm } = this.#options;
    this.#duties.start();
    if (alarm !== undefined) watchDeadLetters(this.#timers, { app, engine, facts }, store, alarm);
    for (let count = 0; count < processes; count += 1) this.#startWorker();
    this.#timers.every(ALIVE_EVERY_MS, () => {
      for (const worker of this.#workers) worker.send({ kind: 'alive' });
    });
  }

  /**
   * Asks every worker to stop, and waits until they have left. One that has not when the grace period is nearly over is ended,
   * and what it held is handed back. Returns before `graceMs` is over, whatever the engine does.
   */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  /** Ends the patience of a stop under way. */
  hurry(): void {
    for (const worker of this.#workers) worker.send({ kind: 'hurry' });
  }

  async #stop(graceMs: number): Promise<void> {
    const endsAt = performance.now() + graceMs;
    const workersMs = Math.max(0, graceMs - OWN_MARGIN_MS);
    this.#timers.end();
    void this.#isolation.stop();
    const lead = this.#duties.stop();
    const all = [...this.#workers];
    for (const worker of all) worker.send({ kind: 'stop', graceMs: workersMs });
    // Frozen workers must not take the supervisor for frozen in turn.
    const alive = setInterval(() => all.forEach(worker => worker.send({ kind: 'alive' })), ALIVE_EVERY_MS);
    const late = await this.#leave(all, workersMs);
    clearInterval(alive);
    await Promise.all(late.map(worker => this.#watch.end(worker)));
    this.#watch.stop();
    const ending = (async () => {
      const names = new Set(all.map(({ name }) => name));
      // Those that were ended, and fetches that were under way in those that left.
      await this.#duties.rescue.departed(names);
      const guilty = new Set(late.filter(({ killedAs }) => killedAs === 'guilty').map(({ name }) => name));
      const cause = (worker: string) => (guilty.has(worker) ? 'worker-died' : 'late');
      await this.#duties.rescue.run(cause, worker => names.has(worker));
      await lead;
      await this.#duties.leave();
    })();
    await settledBy(endsAt - 250, ending);
  }

  /** Waits for the workers' exits; answers those that are still there when the time is over. */
  async #leave(workers: readonly ChildWorker[], withinMs: number): Promise<readonly ChildWorker[]> {
    await settledBy(performance.now() + withinMs, Promise.all(workers.map(({ exited }) => exited)));
    return workers.filter(({ gone }) => !gone);
  }

  /** `alone`: the name of the one job that it is to run. */
  #startWorker(alone?: string): ChildWorker {
    const { program, name } = this.#options;
    const extra = alone === undefined ? [] : ['--adopt'];
    const worker: ChildWorker = new ChildWorker(
      supervisedName(name, (this.#numbers += 1)),
      { ...program, args: [...program.args, ...extra] },
      message => this.#heard(worker, message),
    );
    this.#workers.add(worker);
    worker.send({ kind: 'alive' });
    // Before it can take any.
    if (alone === undefined && this.#quietBy !== undefined) worker.setQuiet(true);
    void worker.exited.then(exit => this.#ended(worker, exit, alone));
    return worker;
  }

  #present(): readonly WorkerPresence[] {
    const { engine } = this.#options;
    const now = engine.clock.now();
    return [...this.#workers].flatMap(worker => {
      const { name, pid, startedAt, load, quiet } = worker;
      if (pid === undefined || worker.gone) return [];
      return {
        name,
        pid,
        startedAt: Math.round(now - (performance.now() - startedAt)),
        running: load?.figures?.running,
        slots: load?.figures?.slots,
        memoryMb: load?.megabytes,
        lagMs: load?.figures?.lagMs,
        quiet: quiet && load?.figures?.quiet !== false,
        answers: this.#watch.answers(name),
      };
    });
  }

  #obey(orders: ReadonlyMap<string, WorkerOrder>): void {
    const { name, facts, onStopAsked } = this.#options;
    if (this.#stopping !== undefined) return;
    const whole = orders.get(name);
    this.#quietBy = whole?.by;
    for (const worker of this.#workers) {
      if (this.#runsAlone(worker)) continue;
      const own = orders.get(worker.name);
      if (own?.what === 'stop') this.#recycle(worker, `${own.by} wanted it to stop`);
      const by = this.#quietBy ?? own?.by;
      if (worker.quiet === (by !== undefined)) continue;
      worker.setQuiet(by !== undefined);
      if (by === undefined) facts.emit('worker.resumed', { worker: worker.name });
      else facts.emit('worker.quieted', { worker: worker.name, by });
    }
    if (whole?.what !== 'stop' || this.#stopAsked) return;
    this.#stopAsked = true;
    facts.emit('worker.stop-asked', { worker: name, by: whole.by });
    onStopAsked?.();
  }

  #heard(worker: ChildWorker, message: FromWorker): void {
    const { maxMemoryMb } = this.#options;
    switch (message.kind) {
      case 'ready':
        this.#everReady = true;
        if (this.#saidReady || ![...this.#workers].every(({ ready }) => ready)) return;
        this.#saidReady = true;
        this.#options.onReady?.();
        return;
      case 'turn':
        this.#watch.heard(worker, message);
        return;
      case 'load':
        if (maxMemoryMb !== undefined && message.megabytes > maxMemoryMb) {
          this.#recycle(worker, `${message.megabytes} MB of memory, ${maxMemoryMb} are allowed`);
        }
        return;
      case 'recycle':
        this.#recycle(worker, message.reason);
        return;
      case 'isolate':
        this.#isolation.take(message.job);
        return;
      case 'answer':
    }
  }

  /**
   * Its successor starts first, so that the host's capacity does not drop. Where every new worker is to be replaced at once (it is allowed
   * less memory than it needs at rest), that takes ever longer: it works on until then.
   */
  #recycle(worker: ChildWorker, reason: string): void {
    if (this.#worn.has(worker) || worker.leaving || this.#runsAlone(worker)) return;
    this.#worn.add(worker);
    this.#timers.after(this.#recycling.delayAfter(performance.now() - worker.startedAt), () => {
      if (worker.gone || this.#stopping !== undefined) return;
      this.#options.facts.emit('worker.recycled', { worker: worker.name, reason });
      this.#startWorker();
      const { graceMs = GRACE_MS } = this.#options;
      worker.send({ kind: 'stop', graceMs });
      this.#timers.after(graceMs + 1_000, () => {
        if (!worker.gone) void this.#watch.end(worker);
      });
    });
  }

  #ended(worker: ChildWorker, { code, signal }: WorkerExit, alone: string | undefined): void {
    this.#workers.delete(worker);
    const seen = this.#watch.left(worker.name);
    const isolated = alone !== undefined;
    const { killedAs } = worker;
    const clean = (code === 0 && (worker.leaving || isolated)) || endedUnheard(worker, signal);
    const uptimeMs = Math.round(performance.now() - worker.startedAt);
    if (!clean) this.#options.facts.emit('worker.died', { worker: worker.name, code, signal, uptimeMs });
    // Also after a clean exit: a fetch may have been under way.
    if (isolated) void this.#duties.rescue.departed([worker.name]);
    if (!isolated) {
      const cause = killedAs === 'innocent' ? 'worker-killed' : clean ? 'late' : 'worker-died';
      void this.#deaths.mourn(worker.name, cause, { seen, guilty: killedAs === 'guilty' });
    } else if (!clean && killedAs === undefined) {
      this.#deaths.remember(worker.name, Promise.resolve([alone]), 'alone');
    }
    if (this.#stopping !== undefined || isolated || worker.leaving) return;
    if (!this.#everReady) {
      // Not one has ever worked: the next one will not either. Also where it left with 0 unasked, that is no success.
      this.#failed.resolve(code || 1);
      return;
    }
    this.#timers.after(this.#respawn.delayAfter(uptimeMs), () => this.#startWorker());
  }

  #runsAlone(worker: ChildWorker): boolean {
    return this.#isolation.runs(worker);
  }

  /** Its process is gone, or its host is. */
  #isGone(worker: string, job: string, present: ReadonlySet<string>): boolean {
    const supervisor = supervisorOf(worker);
    if (supervisor === undefined || this.#isolation.holds(job)) return false;
    if (supervisor !== this.#options.name) return !present.has(supervisor);
    return ![...this.#workers].some(({ name }) => name === worker);
  }
}

const STOP_SIGNALS: ReadonlySet<NodeJS.Signals | null> = new Set<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGHUP']);

/** While it loads it hears no word to stop. A signal that its whole group gets (Ctrl-C, a platform) ends it then, with nothing in its hands. */
function endedUnheard({ ready, leaving, killedAs }: ChildWorker, signal: NodeJS.Signals | null): boolean {
  return leaving && !ready && killedAs === undefined && STOP_SIGNALS.has(signal);
}
