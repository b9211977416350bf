import { hasCode, toError } from '../../errors/index.ts';
import type { App, Schedule } from '../../contracts/index.ts';
import { type Client } from '../../queue/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { Progress } from '../../resilience/index.ts';
import type { StateStore } from '../../state/index.ts';
import { CURSOR_KEPT_MS, cursorIn, remember, ruleOf, type Cursor, type SlotFate } from './cursor.ts';
import { wantedOf } from './missed.ts';
import { dueSlots, slotsOf, type Slots } from './slots.ts';

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

const LEASE_MS = 10_000;
const TICK_MS = 1_000;
/** A round takes milliseconds: one that has not ended by then is no progress. */
const STILL_MS = 15_000;
/** Of a scheduler without schedules. */
const IDLE_MS = 10_000;
/** A cursor that is further ahead than clocks differ was written by one that was wrong. */
const AHEAD_MS = 5_000;
/** Between two looks that are further apart this scheduler could not enqueue. */
const LOST_MS = 5_000;
/** With `missed: 'all'` no more than so many are made up for. */
const MAKE_UP = 1_000;
const LIVE: ReadonlySet<string> = new Set(['waiting', 'delayed', 'running']);

/**
 * Turns schedules into jobs, one a slot. One scheduler leads at a time, by a lease in the shared state; every host has one that
 * could. Two that both believe to lead do no harm: a slot's job has an id made from schedule and slot, and the cursor moves by
 * comparing.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #slots: ReadonlyMap<Schedule, Slots>;
  readonly #now: () => number;
  readonly #leaseMs: number;
  #lease: number | undefined;
  /** Since when each look has come in time and was answered. */
  #readySince = Infinity;
  #lookedAt = -Infinity;
  /** Which schedules it does not have has been written down since it leads. */
  #saidOthers = false;
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #progress: Progress;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#slots = new Map(options.app.schedules.map(schedule => [schedule, slotsOf(schedule)]));
    this.#now = options.now;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    const { facts } = options;
    this.#progress = new Progress({
      what: 'a round of the scheduler',
      limitMs: STILL_MS,
      stalled: error => facts.emit('schedules.stalled', { error: bareError(error) }),
      resumed: () => facts.emit('schedules.resumed', {}),
    });
  }

  start(): void {
    const { tickMs = this.#slots.size === 0 ? IDLE_MS : TICK_MS } = this.#options;
    const tick = (): void => {
      this.#progress.begun();
      this.#ticking = this.tick()
        .then(
          () => this.#progress.ended(),
          (error: unknown) => this.#progress.failed(toError(error)),
        )
        .finally(() => {
          // Without a schedule there is nothing to lead for but to say so once.
          if (this.#slots.size === 0 && this.#saidOthers) void this.stop();
          else if (!this.#stopped) this.#timer = setTimeout(tick, tickMs);
        });
    };
    tick();
  }

  /** Gives the lead away, so that the next leader need not wait for the lease. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    this.#progress.stop();
    if (this.#lease !== undefined)
      await this.#options.store.delete('scheduler', 'leader', this.#lease).catch(() => undefined);
  }

  /** When the first slot of any schedule after that time is; undefined where there is none. */
  nextAfter(time: number): number | undefined {
    const next = [...this.#slots.values()].flatMap(slots => slots.next(time) ?? []);
    return next.length === 0 ? undefined : Math.min(...next);
  }

  /** Takes or renews the lead, and deals with every slot that is due. */
  async tick(): Promise<void> {
    if (!(await this.#leads())) return;
    const readySince = this.#readySince;
    for (const [schedule, slots] of this.#slots) {
      if (this.#stopped) return;
      try {
        await this.#deal(schedule, slots, readySince);
      } catch (error) {
        // One schedule that cannot be dealt with must not stop the others.
        this.#lookedAt = -Infinity;
        this.#emitFailed(schedule, undefined, error);
      }
    }
  }

  async #leads(): Promise<boolean> {
    const leads = await this.#take().catch((error: unknown) => {
      this.#lookedAt = -Infinity;
      throw error;
    });
    const now = this.#now();
    if (Math.abs(now - this.#lookedAt) > LOST_MS) this.#readySince = now;
    this.#lookedAt = now;
    if (!leads) this.#saidOthers = false;
    else if (!this.#saidOthers) await this.#retireOthers();
    return leads;
  }

  async #take(): Promise<boolean> {
    const { store, name } = this.#options;
    const take = (version: number): Promise<number | undefined> =>
      store.compareAndSet('scheduler', 'leader', version, { name }, this.#leaseMs);
    const renewed = this.#lease === undefined ? undefined : await take(this.#lease);
    // A lease that has lapsed while this process was slow is free, unless another has it by now.
    this.#lease = renewed ?? (await take(0));
    return this.#lease !== undefined;
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
    const now = this.#now();
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
    for (const slot of wanted) {
      const { id, what } = await this.#enqueue(schedule, slot, jobId);
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
    this.#lease = undefined;
    throw new Error('Another scheduler has taken the lead.');
  }

  #emitFailed({ name }: Schedule, slotMs: number | undefined, cause: unknown): void {
    this.#options.facts.emit('schedule.failed', { schedule: name, slotMs, error: toError(cause) });
  }

  /** The slot's job, if it gives one; that it gives none is stated. Rejects where the engine did not do its part. */
  async #enqueue(schedule: Schedule, slot: number, before: string | undefined): Promise<SlotEnd> {
    const { client, facts } = this.#options;
    if (schedule.overlap === 'skip' && before !== undefined) {
      const previous = await client.job(before);
      if (previous !== undefined && LIVE.has(previous.state)) {
        facts.emit('schedule.skipped', { schedule: schedule.name, slotMs: slot, jobId: before });
        return { id: undefined, what: 'skipped' };
      }
    }
    const at = new Date(slot);
    const id = `schedule:${schedule.name}:${slot}`;
    const { job: contract } = schedule;
    // Before the contract's own key, whose window may reach from slot to slot: then one would pass for a repeat of the other.
    const options = { ...schedule.options, idempotencyKey: id };
    try {
      const data = schedule.dataAt(at);
      const [receipt] = await client.enqueueFrom({ id, at }, [{ kind: 'job-request', contract, data, options }]);
      return { id: receipt?.id, what: 'queued' };
    } catch (error) {
      if (hasCode(error, 'QUEUE_UNAVAILABLE', 'CLIENT_CLOSED')) throw error;
      // The slot's own fault, such as data that its contract refuses: tried again it would fail again, and hold up those after it.
      this.#emitFailed(schedule, slot, error);
      return { id: undefined, what: 'failed' };
    }
  }
}

interface DueSlots {
  readonly first: number;
  readonly last: number;
  readonly due: number;
  /** Those that become jobs. */
  readonly wanted: readonly number[];
}

interface SlotEnd {
  readonly id: string | undefined;
  readonly what: SlotFate;
}

/** What stays of a cursor wherever it goes. */
function kept(cursor: Cursor | undefined): Pick<Cursor, 'jobId' | 'paused' | 'recent'> {
  const { jobId, paused, recent } = cursor ?? {};
  return {
    ...(jobId !== undefined && { jobId }),
    ...(paused !== undefined && { paused }),
    ...(recent !== undefined && { recent }),
  };
}
