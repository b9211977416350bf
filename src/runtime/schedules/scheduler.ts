import { hasCode, toError } from '../../errors/index.ts';
import type { App, Schedule } from '../../contracts/index.ts';
import { type Client } from '../../queue/index.ts';
import type { Facts } from '../../facts/index.ts';
import { bareError } from '../../privacy/index.ts';
import { Progress } from '../../resilience/index.ts';
import type { StateStore } from '../../state/index.ts';
import { dueSlots, slotsOf, type Slots } from './slots.ts';

export interface SchedulerOptions {
  readonly app: App;
  readonly client: Pick<Client, 'enqueueFrom' | 'job'>;
  readonly store: StateStore;
  readonly facts: Facts;
  /** Who leads, in the shared state: the supervisor's name. */
  readonly name: string;
  /** For tests. */
  readonly now?: () => number;
  readonly leaseMs?: number;
  readonly tickMs?: number;
}

interface Cursor {
  /** The last slot that was dealt with. */
  readonly slot: number;
  /** Its job, where it became one. */
  readonly jobId?: string;
}

const LEASE_MS = 10_000;
const TICK_MS = 1_000;
/** A round takes milliseconds: one that has not ended by then is no progress. */
const STILL_MS = 15_000;
const CURSOR_KEPT_MS = 400 * 86_400_000;
/** A slot that is later than this was missed: nobody was there for it. */
const MISSED_AFTER_MS = 60_000;
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
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #progress: Progress;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#slots = new Map(options.app.schedules.map(schedule => [schedule, slotsOf(schedule)]));
    this.#now = options.now ?? Date.now;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
    const { facts } = options;
    this.#progress = new Progress({
      what: 'a round of the scheduler',
      limitMs: STILL_MS,
      held: error => facts.state('schedules.held', { error: bareError(error) }),
      flowing: () => facts.state('schedules.flowing', {}),
    });
  }

  start(): void {
    if (this.#slots.size === 0) return;
    const tick = (): void => {
      this.#progress.begun();
      this.#ticking = this.tick()
        .then(
          () => this.#progress.ended(),
          (error: unknown) => this.#progress.failed(toError(error)),
        )
        .finally(() => {
          if (!this.#stopped) this.#timer = setTimeout(tick, this.#options.tickMs ?? TICK_MS);
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

  /** Takes or renews the lead, and deals with every slot that is due. */
  async tick(): Promise<void> {
    if (!(await this.#leads())) return;
    for (const [schedule, slots] of this.#slots) {
      if (this.#stopped) return;
      try {
        await this.#deal(schedule, slots);
      } catch (error) {
        // One schedule that cannot be dealt with must not stop the others.
        this.#stateFailed(schedule, undefined, error);
      }
    }
  }

  async #leads(): Promise<boolean> {
    const { store, name } = this.#options;
    const take = (version: number): Promise<number | undefined> =>
      store.compareAndSet('scheduler', 'leader', version, { name }, this.#leaseMs);
    const renewed = this.#lease === undefined ? undefined : await take(this.#lease);
    // A lease that has lapsed while this process was slow is free, unless another has it by now.
    this.#lease = renewed ?? (await take(0));
    return this.#lease !== undefined;
  }

  async #deal(schedule: Schedule, slots: Slots): Promise<void> {
    const { store, facts } = this.#options;
    const entry = await store.get('schedule', schedule.name);
    const cursor = cursorIn(entry?.value);
    const now = this.#now();
    // A schedule that is new begins with its next slot, not with its past.
    if (cursor === undefined) {
      await store.compareAndSet('schedule', schedule.name, 0, { slot: now }, CURSOR_KEPT_MS);
      return;
    }
    const due = dueSlots(slots, cursor.slot, now, MAKE_UP);
    const last = due.at(-1);
    if (last === undefined) return;
    const late = due.filter(slot => slot < now - MISSED_AFTER_MS);
    const wanted = late.length === 0 ? due : wantedOf(schedule, due, late);
    if (late.length > 0) {
      const { name, missed } = schedule;
      facts.state('schedule.missed', { schedule: name, slots: late.length, firstMs: late[0] ?? 0, policy: missed });
    }
    let version = entry?.version ?? 0;
    let { jobId } = cursor;
    for (const slot of wanted) {
      jobId = (await this.#enqueue(schedule, slot, jobId)) ?? jobId;
      version = await this.#advance(schedule, version, { slot, ...(jobId !== undefined && { jobId }) });
    }
    if (wanted.at(-1) !== last)
      await this.#advance(schedule, version, { slot: last, ...(jobId !== undefined && { jobId }) });
  }

  async #advance({ name }: Schedule, version: number, cursor: Cursor): Promise<number> {
    const written = await this.#options.store.compareAndSet('schedule', name, version, cursor, CURSOR_KEPT_MS);
    if (written !== undefined) return written;
    // Somebody else leads by now, and goes on from where they found it.
    this.#lease = undefined;
    throw new Error('Another scheduler has taken the lead.');
  }

  #stateFailed({ name }: Schedule, slotMs: number | undefined, cause: unknown): void {
    this.#options.facts.state('schedule.failed', { schedule: name, slotMs, error: toError(cause) });
  }

  /** The slot's job; undefined where the slot gives none, which is stated. Rejects where the engine did not do its part. */
  async #enqueue(schedule: Schedule, slot: number, before: string | undefined): Promise<string | undefined> {
    const { client, facts } = this.#options;
    if (schedule.overlap === 'skip' && before !== undefined) {
      const previous = await client.job(before);
      if (previous !== undefined && LIVE.has(previous.state)) {
        facts.state('schedule.skipped', { schedule: schedule.name, slotMs: slot, jobId: before });
        return undefined;
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
      return receipt?.id;
    } catch (error) {
      if (hasCode(error, 'QUEUE_UNAVAILABLE', 'CLIENT_CLOSED')) throw error;
      // The slot's own fault, such as data that its contract refuses: tried again it would fail again, and hold up those after it.
      this.#stateFailed(schedule, slot, error);
      return undefined;
    }
  }
}

/** Where some were missed. */
function wantedOf({ missed }: Schedule, due: readonly number[], late: readonly number[]): readonly number[] {
  if (missed === 'all') return due;
  return missed === 'once' ? due.slice(-1) : due.slice(late.length);
}

function cursorIn(value: unknown): Cursor | undefined {
  if (typeof value !== 'object' || value === null || !('slot' in value) || typeof value.slot !== 'number')
    return undefined;
  return 'jobId' in value && typeof value.jobId === 'string'
    ? { slot: value.slot, jobId: value.jobId }
    : { slot: value.slot };
}
