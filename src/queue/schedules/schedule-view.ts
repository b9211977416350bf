import type { Schedule } from '../../contracts/index.ts';
import { OVERDUE_MS } from '../../schedules/index.ts';
import type { ScheduleHitch, SchedulePause, SlotRecord, StoredSchedule, WhoAndWhen } from '../../schedules/index.ts';

/** A schedule that was made at run time, as it stands. Times are the engine's, milliseconds since 1970. */
export interface RunTimeSchedule {
  readonly name: string;
  /** The name of its contract. */
  readonly job: string;
  readonly when: Schedule['when'];
  readonly missed: Schedule['missed'];
  readonly overlap: Schedule['overlap'];
  readonly made: WhoAndWhen;
  /** When it was made or got another rule, data or option. */
  readonly changed: WhoAndWhen;
  readonly paused: SchedulePause | undefined;
  /** Undefined while it is paused, and where it never comes again. */
  readonly nextAt: number | undefined;
  /** Its slot has come more than a few seconds ago and nobody has dealt with it. */
  readonly overdue: boolean;
  /** Why nobody can make its jobs now; they are made up for by its policy once somebody can. */
  readonly hitch: ScheduleHitch | undefined;
  /** What became of its last four slots and runs by hand, newest first. */
  readonly runs: readonly SlotRecord[];
}

export function scheduleView({ name, schedule, dueAt }: StoredSchedule, now: number): RunTimeSchedule {
  const { contract, when, missed, overlap, made, changed, cursor, hitch } = schedule;
  return {
    name,
    job: contract,
    when,
    missed,
    overlap,
    made,
    changed,
    paused: cursor.paused,
    nextAt: dueAt,
    overdue: dueAt !== undefined && now - dueAt > OVERDUE_MS,
    hitch,
    runs: (cursor.recent ?? []).toReversed(),
  };
}
