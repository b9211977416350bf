import { createHash } from 'node:crypto';
import type { App } from '../../contracts/index.ts';
import type { Facts } from '../../facts/index.ts';
import {
  dueSlots,
  knownSlots,
  remember,
  type Cursor,
  type KeptSchedule,
  type ScheduleChange,
  type ScheduleHitch,
  type ScheduleStore,
  type Slots,
  type StoredSchedule,
  type UnreadableSchedule,
} from '../../schedules/index.ts';
import type { StateStore } from '../../state/index.ts';
import { wantedOf } from './missed.ts';
import type { SlotJobs, SlotOwner } from './slot-jobs.ts';
import { noteUnreadable } from './unreadable-schedules.ts';

export interface DueSchedulesOptions {
  readonly app: Pick<App, 'jobs'>;
  readonly facts: Facts;
  readonly store: ScheduleStore;
  /** The shared state: there it is noted what could not be read. */
  readonly state: StateStore;
  readonly jobs: SlotJobs;
  /** Engine time. */
  readonly now: () => number;
}

/** Read and enqueued together: a thousand jobs travel in several trips at once. On PostgreSQL 1.3 to 1.9 times as fast as with 200. */
const BATCH = 1_000;
/** Written together: the script that does it holds others up for about a millisecond. */
const WRITTEN = 200;
/** Then the lead is renewed. */
const ROUND_MS = 2_000;
/** With `missed: 'all'` no more than so many are made up for. */
const MAKE_UP = 1_000;
/** 100,000 of them are kept: their last slots are fewer than those of the app's. */
const RECENT = 4;
/** After so long it is tried again what a release could do nothing with. */
export const AGAIN_MS = 5 * 60_000;
const LONGEST_IN_KEYS = 156;
/** In the fact: of thousands some are enough. */
const NAMED = 10;

/**
 * Turns the slots of schedules that were made at run time into jobs: those that are due, the one that is due longest first, a batch after the other. Two who do
 * it at once do no harm: a slot's job has an id made of schedule and slot, and a schedule moves on by comparing.
 */
export class DueSchedules {
  readonly #options: DueSchedulesOptions;

  constructor(options: DueSchedulesOptions) {
    this.#options = options;
  }

  /**
   * Deals with what is due, for about two seconds: with `all` of it, or there are `more`; `none` was. Asks after each batch since when this host has been
   * there: what waits behind others was not missed. Rejects where the engine did not do its part.
   */
  async deal(readySince: () => number, isStopped: () => boolean): Promise<'all' | 'more' | 'none'> {
    const { store, now } = this.#options;
    const endsAt = performance.now() + ROUND_MS;
    for (let dealt = 0; ; dealt += BATCH) {
      const at = now();
      const { schedules, unreadable } = await store.due(at, BATCH);
      const found = schedules.length + unreadable.length;
      if (unreadable.length > 0) await this.#putAside(unreadable, at);
      if (schedules.length > 0) await this.#dealWith(schedules, at, readySince());
      if (found === 0 && dealt === 0) return 'none';
      if (found < BATCH || isStopped()) return 'all';
      if (performance.now() > endsAt) return 'more';
    }
  }

  /** At the head of those that are due they would keep the others from being read. */
  async #putAside(unreadable: readonly UnreadableSchedule[], now: number): Promise<void> {
    const { store, state, facts } = this.#options;
    await Promise.all([noteUnreadable(state, unreadable), store.postpone(unreadable, now + AGAIN_MS)]);
    const names = unreadable.slice(0, NAMED).map(({ name }) => name);
    facts.emit('schedules.unreadable', { schedules: unreadable.length, names });
  }

  async #dealWith(due: readonly StoredSchedule[], now: number, readySince: number): Promise<void> {
    const { facts } = this.#options;
    const dealt = await Promise.allSettled(due.map(each => this.#next(each, now, readySince)));
    const changes = dealt.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []));
    await this.#write(changes);
    const unclaimed = changes.filter(({ schedule }) => schedule.hitch?.why === 'no-contract');
    for (const [contract, schedules] of Map.groupBy(unclaimed, ({ schedule }) => schedule.contract)) {
      facts.emit('schedules.unclaimed', { contract, schedules: schedules.length });
    }
    const failed = dealt.find(each => each.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Whoever has changed one meanwhile finds its slot as a job already: it is dealt with once more, and the id is the same. */
  async #write(changes: readonly ScheduleChange[]): Promise<void> {
    const writing: Promise<unknown>[] = [];
    for (let from = 0; from < changes.length; from += WRITTEN) {
      writing.push(this.#options.store.put(changes.slice(from, from + WRITTEN)));
    }
    await Promise.all(writing);
  }

  /** How it is once its slots have become jobs. */
  async #next(stored: StoredSchedule, now: number, readySince: number): Promise<ScheduleChange> {
    const { app, jobs } = this.#options;
    const { name, schedule } = stored;
    const contract = app.jobs.get(schedule.contract);
    if (contract === undefined) return put(stored, 'no-contract', now);
    let slots: Slots;
    try {
      slots = knownSlots(schedule.when);
    } catch (error) {
      jobs.failed(name, undefined, error);
      return put(stored, 'no-rule', now);
    }
    const due = slotsDue(stored, slots, now);
    const [first, last] = [due[0], due.at(-1)];
    const { cursor, hitch: _, ...rest } = schedule;
    const moved = (to: Cursor): ScheduleChange => ({
      ...stored,
      schedule: { ...rest, cursor: to },
      dueAt: slots.next(to.slot),
    });
    if (first === undefined || last === undefined) return moved(cursor);
    const owner: SlotOwner = {
      name,
      job: contract,
      dataAt: () => schedule.data,
      overlap: schedule.overlap,
      options: schedule.options,
      causeOf: slot => `schedule at run time:${inKeys(name)}:${schedule.incarnation}:${slot}`,
    };
    // Nobody could make them, whoever was there.
    const since = schedule.hitch === undefined ? readySince : Infinity;
    return moved(await this.#made(owner, schedule, { due, first, last }, now, since));
  }

  async #made(
    owner: SlotOwner,
    { missed: policy, cursor }: KeptSchedule,
    { due, first, last }: { readonly due: readonly number[]; readonly first: number; readonly last: number },
    now: number,
    readySince: number,
  ): Promise<Cursor> {
    const { facts, jobs } = this.#options;
    const { slots: wanted, missed } = wantedOf(policy, due, now, readySince);
    if (missed > 0) facts.emit('schedule.missed', { schedule: owner.name, slots: missed, firstMs: first, policy });
    let { jobId, recent } = cursor;
    const lost = due.length - wanted.length;
    if (lost > 0) recent = remember(recent, { at: first, what: 'missed', count: lost }, RECENT);
    for (const slot of wanted) {
      const { id, what } = await jobs.make(owner, slot, jobId);
      jobId = id ?? jobId;
      recent = remember(recent, { at: slot, what, count: 1, ...(id !== undefined && { jobId: id }) }, RECENT);
    }
    return { ...cursor, slot: last, ...(jobId !== undefined && { jobId }), ...(recent !== undefined && { recent }) };
  }
}

/** Nearly always one: the moment that it was kept under. */
function slotsDue(
  { dueAt, schedule: { cursor, hitch } }: StoredSchedule,
  slots: Slots,
  now: number,
): readonly number[] {
  const second = dueAt === undefined || hitch !== undefined ? undefined : slots.next(dueAt);
  if (dueAt !== undefined && second !== undefined && second > now) return [dueAt];
  return dueSlots(slots, cursor.slot, now, MAKE_UP);
}

/** As it stands in the keys of its jobs, which may be no longer than 200 characters with all that is around it. */
function inKeys(name: string): string {
  return name.length <= LONGEST_IN_KEYS ? name : createHash('sha256').update(name).digest('base64url');
}

/** Looked at again later; its slots are as they were. */
function put(stored: StoredSchedule, why: ScheduleHitch['why'], now: number): ScheduleChange {
  const { schedule } = stored;
  const since = schedule.hitch?.why === why ? schedule.hitch.since : now;
  return { ...stored, schedule: { ...schedule, hitch: { why, since } }, dueAt: now + AGAIN_MS };
}
