import type { Facts } from '../../facts/index.ts';
import { knownSlots, type ScheduleChange, type ScheduleStore, type StoredSchedule } from '../../schedules/index.ts';
import { AGAIN_MS } from './due-schedules.ts';
import { AHEAD_MS } from './scheduler.ts';

export interface AheadSchedulesOptions {
  readonly store: ScheduleStore;
  readonly facts: Facts;
  /** Engine time. */
  readonly now: () => number;
}

/** Read together, once in a round: 100,000 schedules are looked through in less than two minutes. */
const PAGE = 1_000;

/**
 * Begins those schedules anew that somebody has dealt with by a clock that was ahead: nobody would look at them before that time has come, which may
 * be years. Their records alone say so, so all are looked through: by whoever begins to lead, and when its own time was turned back.
 */
export class AheadSchedules {
  readonly #options: AheadSchedulesOptions;
  /** Behind which name it goes on; undefined: all were looked at. */
  #after: { readonly name: string | undefined } | undefined = { name: undefined };
  /** The latest time that was seen. */
  #latest = -Infinity;

  constructor(options: AheadSchedulesOptions) {
    this.#options = options;
  }

  /** From the first of them: somebody else has led, maybe by another clock. */
  begin(): void {
    this.#after = { name: undefined };
    this.#latest = -Infinity;
  }

  /** Looks at a page, where there is one to be looked at. Rejects while the engine is away. */
  async look(): Promise<void> {
    const { store, facts } = this.#options;
    const now = this.#options.now();
    if (this.#latest - now > AHEAD_MS) this.begin();
    this.#latest = now;
    if (this.#after === undefined) return;
    const { schedules, next } = await store.list({ prefix: '', after: this.#after.name, limit: PAGE });
    const changes = schedules.flatMap(each => begunAnew(each, now));
    const written = changes.length === 0 ? new Set<string>() : await store.put(changes);
    for (const { name, schedule } of schedules) {
      if (written.has(name)) facts.emit('schedule.reset', { schedule: name, aheadMs: schedule.cursor.slot - now });
    }
    this.#after = next === undefined ? undefined : { name: next };
  }
}

function begunAnew(stored: StoredSchedule, now: number): readonly ScheduleChange[] {
  const { dueAt, schedule } = stored;
  const { cursor, hitch } = schedule;
  // Paused: it begins anew when it is resumed.
  if (dueAt === undefined) return [];
  if (cursor.slot - now <= AHEAD_MS) {
    // Put aside for a while by a clock that was ahead; its slots are as they were.
    return hitch !== undefined && dueAt - now > AGAIN_MS + AHEAD_MS ? [{ ...stored, dueAt: now }] : [];
  }
  try {
    return [
      {
        ...stored,
        schedule: { ...schedule, cursor: { ...cursor, slot: now } },
        dueAt: knownSlots(schedule.when).next(now),
      },
    ];
  } catch {
    // A rule that this release cannot read: one that can will.
    return [];
  }
}
