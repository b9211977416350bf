import type { KeptSchedule } from '../record/kept-schedule.ts';

/** A schedule that was made at run time, as it was read. */
export interface StoredSchedule {
  readonly name: string;
  /** Of all versions ever given out a later one is greater. */
  readonly version: number;
  readonly schedule: KeptSchedule;
  /** When it is to be looked at next, engine time; undefined: never, such as while it is paused. */
  readonly dueAt: number | undefined;
}

/** A record that this release cannot read: damaged, or of a release that is newer. It can be put off, written anew, and removed. */
export type UnreadableSchedule = Pick<StoredSchedule, 'name' | 'version'>;

export interface FoundSchedules {
  readonly schedules: readonly StoredSchedule[];
  readonly unreadable: readonly UnreadableSchedule[];
}

/** By their names. */
export interface FoundPage extends FoundSchedules {
  /** Where there may be more: what they come behind. */
  readonly next: string | undefined;
}

/** A schedule as it is to be, if it still has that version; 0: there is none of the name. */
export type ScheduleChange = StoredSchedule;

export interface ScheduleFigures {
  readonly count: number;
  /** How many are due. */
  readonly due: number;
  /** When the first of all is due, or has been; undefined where none ever is. */
  readonly firstDueAt: number | undefined;
}

/**
 * The index of schedules that were made at run time: by name, and by when each is due next. 100,000 of them cost nothing until they are due.
 * Calls reject with what the engine says while it is away.
 */
export interface ScheduleStore {
  /** What is there of the named ones, in no order. */
  get(names: readonly string[]): Promise<FoundSchedules>;
  /** Each for itself, in one trip. Answers the names of those that were written. */
  put(changes: readonly ScheduleChange[]): Promise<ReadonlySet<string>>;
  /** Answers whether there was one. */
  remove(name: string): Promise<boolean>;
  /** Those that are due, the one that is due longest first. */
  due(now: number, limit: number): Promise<FoundSchedules>;
  /** Those that have this version still are due at another time; their records stay as they are. */
  postpone(schedules: readonly UnreadableSchedule[], dueAt: number): Promise<void>;
  /** Those whose name begins so and comes behind `after`, by their names (the bytes of UTF-8). */
  list(page: {
    readonly prefix: string;
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<FoundPage>;
  figures(now: number): Promise<ScheduleFigures>;
}
