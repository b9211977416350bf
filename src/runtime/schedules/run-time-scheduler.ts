import { bareError } from '../../privacy/index.ts';
import type { ScheduleStore } from '../../schedules/index.ts';
import { AheadSchedules } from './ahead-schedules.ts';
import { DueSchedules } from './due-schedules.ts';
import { Lead } from './lead.ts';
import { Rounds } from './rounds.ts';
import type { SchedulerOptions } from './scheduler.ts';
import { SlotJobs } from './slot-jobs.ts';

export interface RunTimeSchedulerOptions extends SchedulerOptions {
  readonly schedules: ScheduleStore;
}

const TICK_MS = 1_000;
/** Where there are none: how late the first one may be found. */
const IDLE_MS = 10_000;
/** Where there were some: PostgreSQL takes milliseconds to count many. */
const COUNT_EVERY_MS = 60_000;

/**
 * Turns schedules that were made at run time into jobs, as the scheduler does with those of the app. One host leads, by a lease of its own; a host
 * that finds none asks for the lead no more than for their number.
 */
export class RunTimeScheduler {
  readonly #options: RunTimeSchedulerOptions;
  readonly #lead: Lead;
  readonly #due: DueSchedules;
  readonly #ahead: AheadSchedules;
  readonly #rounds: Rounds;
  #areThere = false;
  #countedAt = 0;
  /** More are due than one round deals with. */
  #hasMore = false;

  constructor(options: RunTimeSchedulerOptions) {
    const { app, client, facts, store, schedules, name, now, leaseMs, tickMs = TICK_MS } = options;
    this.#options = options;
    this.#lead = new Lead({ store, what: 'leader at run time', name, now, leaseMs });
    this.#ahead = new AheadSchedules({ store: schedules, facts, now });
    this.#due = new DueSchedules({
      app,
      facts,
      store: schedules,
      state: store,
      jobs: new SlotJobs(client, facts),
      now,
    });
    // Of an outage the scheduler of the app speaks, where there is one.
    const isHeard = (): boolean => this.#areThere && app.schedules.length === 0;
    this.#rounds = new Rounds({
      what: 'a round of the scheduler',
      round: () => this.tick(),
      pauseMs: () => (this.#hasMore ? 0 : this.#areThere ? tickMs : Math.max(tickMs, IDLE_MS)),
      stalled: error => isHeard() && facts.emit('schedules.stalled', { error: bareError(error) }),
      resumed: () => isHeard() && facts.emit('schedules.resumed', {}),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#lead.giveAway();
  }

  /** When the first of all is due; undefined where none is. */
  async nextDue(): Promise<number | undefined> {
    return (await this.#options.schedules.figures(this.#options.now())).firstDueAt;
  }

  /** Takes or renews the lead, and deals with what is due. */
  async tick(): Promise<void> {
    this.#hasMore = false;
    if (!this.#areThere) await this.#count();
    if (!this.#areThere || !(await this.#lead.take())) return this.#ahead.begin();
    try {
      await this.#ahead.look();
      const dealt = await this.#due.deal(
        () => this.#lead.looked(),
        () => this.#rounds.isStopped,
      );
      this.#hasMore = dealt === 'more';
      if (dealt === 'none' && performance.now() - this.#countedAt > COUNT_EVERY_MS) await this.#count();
    } catch (error) {
      this.#lead.interrupted();
      throw error;
    }
  }

  async #count(): Promise<void> {
    const { schedules, now } = this.#options;
    this.#areThere = (await schedules.figures(now())).count > 0;
    this.#countedAt = performance.now();
  }
}
