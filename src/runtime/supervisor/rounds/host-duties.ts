import { hostname } from 'node:os';
import type { App } from '../../../contracts/index.ts';
import { BlameBook, CauseCounter, countDeaths, sweepCauses } from '../../../dead-letters/index.ts';
import { ClockWatch, type Engine } from '../../../engine/index.ts';
import type { Facts } from '../../../facts/index.ts';
import { clientOn } from '../../../queue/index.ts';
import { openSchedules } from '../../../schedules/index.ts';
import type { StateStore } from '../../../state/index.ts';
import { LookAfterBatches } from '../../batches/look-after-batches.ts';
import { endPausesAhead } from '../../destinations/pauses-ahead.ts';
import { FollowDeaths } from '../../run/follow-death.ts';
import { RunTimeScheduler } from '../../schedules/run-time-scheduler.ts';
import { Scheduler } from '../../schedules/scheduler.ts';
import type { HostPresence } from '../fleet/host-presence.ts';
import { forgetOrders, ordersOf, type WorkerOrder } from '../fleet/orders.ts';
import { clocksOfOthers, Presence } from '../fleet/presence.ts';
import { Rescue, type RescueCause } from '../deaths/rescue.ts';
import { sweepState } from './sweep-state.ts';
import { Timers } from './timers.ts';
import { UnnamedQueues } from './unnamed-queues.ts';

export interface HostDutiesOptions {
  /** The host's name: unique per incarnation. Its workers' names begin with it. */
  readonly name: string;
  readonly app: App;
  /** Opened with the role `worker`; closed by whoever opened it. */
  readonly engine: Engine;
  /** The shared state, on that engine. */
  readonly store: StateStore;
  readonly facts: Facts;
  readonly queues: readonly string[];
  /** Worker processes. */
  readonly processes: number;
  /** Whether the workers record the ends of jobs for the outbox. */
  readonly recordsEnds?: boolean | undefined;
  readonly release?: string | undefined;
  /** The worker processes, and who keeps all of them quiet. */
  readonly standing?: () => Pick<HostPresence, 'workers' | 'quietBy'>;
  /** Called every two seconds with what people want of this host and its processes. */
  readonly obey?: (orders: ReadonlyMap<string, WorkerOrder>) => void;
  readonly presence?: { readonly ttlMs: number; readonly everyMs: number } | undefined;
  /** Whether nobody is there any more who holds that job in this worker's name. */
  readonly isGone: (worker: string, job: string, present: ReadonlySet<string>) => boolean;
  /** Why the jobs of a worker that is gone go back. */
  readonly cause: (worker: string) => RescueCause;
}

/** How often a host looks for queues that no contract names. */
const UNNAMED_EVERY_MS = 30_000;
/** How often a host looks through a part of each queue's tags: there it meets what another program has removed. */
const TAGS_EVERY_MS = 10_000;
/** How often a host looks for pauses that were written before the engine's clock went back. */
const AHEAD_EVERY_MS = 10_000;
/** How often a host looks through everything. */
const SWEEP_EVERY_MS = 30_000;
/** How often a host looks for jobs that should have followed from a death. */
const FOLLOW_EVERY_MS = 5_000;

/**
 * What one host does for all beside running jobs: it says that it is there, looks after hosts that are no more, leads the schedules when it
 * is its turn, and sweeps what has had its time.
 */
export class HostDuties {
  readonly blame: BlameBook;
  readonly rescue: Rescue;
  readonly #options: HostDutiesOptions;
  readonly #timers = new Timers();
  readonly #unnamed: UnnamedQueues;
  readonly #clock: ClockWatch;
  readonly #presence: Presence;
  readonly #scheduler: Scheduler;
  readonly #atRunTime: RunTimeScheduler;
  #seen: ReadonlySet<string> = new Set();
  #sweptAt = -Infinity;
  #stopped = false;
  #stopSweeping: (() => void) | undefined;

  constructor(options: HostDutiesOptions) {
    const { app, engine, store, facts, name } = options;
    this.#options = options;
    this.blame = new BlameBook(store);
    this.#unnamed = new UnnamedQueues({ app, engine, facts });
    const others = (): readonly string[] => this.#unnamed.names;
    this.rescue = new Rescue({ engine, store, blame: this.blame, facts, name, queues: [...app.queues.keys()], others });
    this.#clock = new ClockWatch({
      clock: engine.clock,
      engine: engine.kind,
      facts,
      others: () => clocksOfOthers(store, name),
    });
    this.#presence = this.#present(engine.clock.now());
    const now = (): number => this.#clock.hostsNow();
    const scheduling = { app, client: clientOn(engine, facts), store, facts, name, now };
    this.#scheduler = new Scheduler(scheduling);
    this.#atRunTime = new RunTimeScheduler({ ...scheduling, schedules: openSchedules(engine) });
  }

  start(): void {
    const { app, engine, store, facts } = this.#options;
    this.#presence.start();
    this.#scheduler.start();
    this.#atRunTime.start();
    const open = (): Promise<CauseCounter> => CauseCounter.open(app, engine);
    const queues = (): readonly string[] => [...app.queues.keys(), ...this.#unnamed.names];
    const letters = sweepCauses({ open, queues: async () => queues() });
    // What does not answer now is asked the next time.
    const look = (): void => void this.#unnamed.look().catch(() => undefined);
    look();
    this.#timers.every(UNNAMED_EVERY_MS, look);
    this.#timers.every(TAGS_EVERY_MS, () => void this.#sweepTags().catch(() => undefined));
    const following = new FollowDeaths({ app, engine, facts, worker: this.#options.name });
    this.#timers.every(FOLLOW_EVERY_MS, () => void following.catchUp().catch(() => undefined));
    this.#timers.every(AHEAD_EVERY_MS, () => void endPausesAhead(app, engine).catch(() => undefined));
    const batches = new LookAfterBatches({ app, engine, facts, worker: this.#options.name, queues });
    this.#timers.every(FOLLOW_EVERY_MS, () => void batches.look().catch(() => undefined));
    // The deaths that the supervisor itself causes: of jobs that are to blame.
    const counted = countDeaths(facts, open);
    const state = sweepState(store);
    this.#stopSweeping = () => {
      state();
      letters();
      void counted.close();
    };
  }

  /** Gives the lead away, and looks after nobody any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.end();
    this.#stopSweeping?.();
    await Promise.all([this.#scheduler.stop(), this.#atRunTime.stop()]);
  }

  /** Says goodbye: nothing is held here any more. */
  async leave(): Promise<void> {
    await this.#presence.leave();
    await forgetOrders(this.#options.store, this.#options.name).catch(() => undefined);
    this.#clock.stop();
  }

  #present(startedAt: number): Presence {
    const { name, engine, store, queues, processes, recordsEnds, release, standing, presence } = this.#options;
    return new Presence({
      store,
      name,
      about: () => ({
        host: hostname(),
        pid: process.pid,
        startedAt,
        processes,
        queues,
        clockMs: engine.clock.differenceMs,
        recordsEnds,
        release,
        ...standing?.(),
      }),
      now: () => engine.clock.now(),
      ...presence,
      onSeen: (present, mayJudge) => {
        this.#judge(present, mayJudge);
        // What cannot be read now is read the next time.
        void this.#lookAtOrders().catch(() => undefined);
      },
    });
  }

  async #lookAtOrders(): Promise<void> {
    const { store, name, obey } = this.#options;
    if (obey === undefined) return;
    const orders = await ordersOf(store, name);
    if (!this.#stopped) obey(orders);
  }

  async #sweepTags(): Promise<void> {
    const { app, engine } = this.#options;
    const tagged = new Set([...app.jobs.values()].flatMap(({ queue, tags }) => (tags === undefined ? [] : [queue])));
    for (const queue of tagged) await (await engine.turns(queue)).sweepTags();
  }

  /** Looks for hosts that are no more, and now and then for anything that nobody alive holds. */
  #judge(present: ReadonlySet<string>, mayJudge: boolean): void {
    if (!mayJudge || this.#stopped) {
      this.#seen = new Set([...this.#seen, ...present]);
      return;
    }
    const lapsed = [...this.#seen].some(name => !present.has(name));
    this.#seen = present;
    if (!lapsed && performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = performance.now();
    const { cause, isGone } = this.#options;
    void this.rescue.run(cause, (worker, job) => isGone(worker, job, present));
  }
}
