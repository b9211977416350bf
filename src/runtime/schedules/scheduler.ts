import type { App, Schedule } from '../../contracts/index.ts';
import { type Client } from '../../queue/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import type { StateStore } from '../../state/index.ts';
import {
  CURSOR_KEPT_MS,
  cursorIn,
  dueSlots,
  kept,
  remember,
  ruleOf,
  slotsOf,
  type Cursor,
  type Slots,
} from '../../schedules/index.ts';
import { Lead } from './lead.ts';
import { wantedOf } from './missed.ts';
import { Rounds } from './rounds.ts';
import { SlotJobs } from './slot-jobs.ts';

export interface SchedulerOptions {
  readonly app: App;
  readonly client: Pick<Client, 'enqueueFrom' | 'job'>;
  readonly store: StateStore;
  readonly facts: Facts;
  /** Who leads, in the shared state: the supervisor's name. */
  readonly name: string;
  /** The time that schedules go by: the engine's. */
  readonly now: () => number;
  readonly leaseMs?: number;
  readonly tickMs?: number;
}

const TICK_MS = 1_000;
/** Of a scheduler without schedules. */
const IDLE_MS = 10_000;
/** A cursor that is further ahead than clocks differ was written by one that was wrong. */
export const AHEAD_MS = 5_000;
/** With `missed: 'all'` no more than so many are made up for. */
const MAKE_UP = 1_000;

/**
 * Turns schedules into jobs, one a slot. One scheduler leads at a time, by a lease in the shared state; every host has one that
 * could. Two that both believe to lead do no harm: a slot's job has an id made from schedule and slot, and the cursor moves by
 * comparing.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #slots: ReadonlyMap<Schedule, Slots>;
  readonly #lead: Lead;
  readonly #jobs: SlotJobs;
  readonly #rounds: Rounds;
  /** Which schedules it does not have has been written down since it leads. */
  #saidOthers = false;

  constructor(options: SchedulerOptions) {
    const { facts, client, app, store, name, now, leaseMs, tickMs = TICK_MS } = options;
    this.#options = options;
    this.#slots = new Map(app.schedules.map(schedule => [schedule, slotsOf(schedule)]));
    this.#jobs = new SlotJobs(client, facts);
    this.#lead = new Lead({ store, what: 'leader', name, now, leaseMs });
    const isEmpty = this.#slots.size === 0;
    this.#rounds = new Rounds({
      what: 'a round of the scheduler',
      round: () => this.tick(),
      // Without a schedule there is nothing to lead for but to say so once.
      pauseMs: () => (isEmpty ? (this.#saidOthers ? this.#leave() : IDLE_MS) : tickMs),
      stalled: error => facts.emit('schedules.stalled', { error: bareError(error) }),
      resumed: () => facts.emit('schedules.resumed', {}),
    });
  }

  start(): void {
    this.#rounds.start();
  }

  /** Gives the lead away, so that the next leader need not wait for the lease. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#lead.giveAway();
  }

  /** When the first slot of any schedule after that time is; undefined where there is none. */
  nextAfter(time: number): number | undefined {
    const next = [...this.#slots.values()].flatMap(slots => slots.next(time) ?? []);
    return next.length === 0 ? undefined : Math.min(...next);
  }

  /** Takes or renews the lead, and deals with every slot that is due. */
  async tick(): Promise<void> {
    const leads = await this.#lead.take();
    if (!leads) this.#saidOthers = false;
    else if (!this.#saidOthers) await this.#retireOthers();
    if (!leads) return;
    const { readySince } = this.#lead;
    for (const [schedule, slots] of this.#slots) {
      if (this.#rounds.isStopped) return;
      try {
        await this.#deal(schedule, slots, readySince);
      } catch (error) {
        // One schedule that cannot be dealt with must not stop the others.
        this.#lead.interrupted();
        this.#jobs.failed(schedule.name, undefined, error);
      }
    }
  }

  #leave(): undefined {
    void this.#lead.giveAway();
  }

  /** Those that an earlier release had and this one has not: should they come back, they begin anew. */
  async #retireOthers(): Promise<void> {
    const { store, app } = this.#options;
    const own = new Set(app.schedules.map(({ name }) => name));
    for (const { name, value, version } of await store.list('schedule')) {
      const cursor = cursorIn(value);
      if (cursor === undefined || own.has(name) || cursor.retired === true) continue;
      await store.compareAndSet('schedule', name, version, { ...cursor, retired: true }, CURSOR_KEPT_MS);
    }
    this.#saidOthers = true;
  }

  /** Whether the schedule goes on from there. Else it begins now: under this rule, or after a clock that was wrong. */
  #counts({ name }: Schedule, rule: string, { slot, rule: before = rule, retired }: Cursor, now: number): boolean {
    if (retired === true || before !== rule) return false;
    const aheadMs = slot - now;
    if (aheadMs > AHEAD_MS) this.#options.facts.emit('schedule.reset', { schedule: name, aheadMs });
    return aheadMs <= AHEAD_MS;
  }

  async #deal(schedule: Schedule, slots: Slots, readySince: number): Promise<void> {
    const { store, facts } = this.#options;
    const entry = await store.get('schedule', schedule.name);
    const now = this.#options.now();
    const rule = ruleOf(schedule);
    const cursor = cursorIn(entry?.value);
    if (cursor === undefined || !this.#counts(schedule, rule, cursor, now)) {
      // With its next slot, not with its past.
      const begun: Cursor = { ...kept(cursor), slot: now, rule };
      await store.compareAndSet('schedule', schedule.name, entry?.version ?? 0, begun, CURSOR_KEPT_MS);
      return;
    }
    const due = dueSlots(slots, cursor.slot, now, MAKE_UP);
    const [first, last] = [due[0], due.at(-1)];
    if (first === undefined || last === undefined) return;
    const version = entry?.version ?? 0;
    if (cursor.paused !== undefined) {
      const recent = remember(cursor.recent, { at: first, what: 'paused', count: due.length });
      await this.#advance(schedule, version, { ...kept(cursor), slot: last, rule, recent });
      return;
    }
    const { slots: wanted, missed } = wantedOf(schedule.missed, due, now, readySince);
    if (missed > 0) {
      const { name: named, missed: policy } = schedule;
      facts.emit('schedule.missed', { schedule: named, slots: missed, firstMs: first, policy });
    }
    await this.#settle(schedule, version, { ...cursor, rule }, { first, last, due: due.length, wanted });
  }

  /** Makes a job of each slot that is wanted, oldest first, and says what became of all. */
  async #settle(
    schedule: Schedule,
    found: number,
    cursor: Cursor & { readonly rule: string },
    { first, last, due, wanted }: DueSlots,
  ): Promise<void> {
    let version = found;
    let { jobId, recent } = cursor;
    const lost = due - wanted.length;
    if (lost > 0) recent = remember(recent, { at: first, what: 'missed', count: lost });
    const at = (slot: number): Cursor => ({
      ...kept({ ...cursor, ...(jobId !== undefined && { jobId }), ...(recent !== undefined && { recent }) }),
      slot,
      rule: cursor.rule,
    });
    const owner = { ...schedule, causeOf: (slot: number) => `schedule:${schedule.name}:${slot}` };
    for (const slot of wanted) {
      const { id, what } = await this.#jobs.make(owner, slot, jobId);
      jobId = id ?? jobId;
      recent = remember(recent, { at: slot, what, count: 1, ...(id !== undefined && { jobId: id }) });
      version = await this.#advance(schedule, version, at(slot));
    }
    if (wanted.at(-1) !== last) await this.#advance(schedule, version, at(last));
  }

  async #advance({ name }: Schedule, version: number, cursor: Cursor): Promise<number> {
    const written = await this.#options.store.compareAndSet('schedule', name, version, cursor, CURSOR_KEPT_MS);
    if (written !== undefined) return written;
    // Somebody else leads by now, and goes on from where they found it.
    this.#lead.lost();
    throw new Error('Another scheduler has taken the lead.');
  }
}

interface DueSlots {
  readonly first: number;
  readonly last: number;
  readonly due: number;
  /** Those that become jobs. */
  readonly wanted: readonly number[];
}
