import { foundIn, pageIn, parsed, type RawSchedule } from './found-schedules.ts';
import type {
  FoundPage,
  FoundSchedules,
  ScheduleChange,
  ScheduleFigures,
  ScheduleStore,
  UnreadableSchedule,
} from './schedule-store.ts';

interface Kept {
  readonly json: string;
  readonly version: number;
  readonly dueAt: number | undefined;
}

/** In one process alone: for tests. */
export class MemorySchedules implements ScheduleStore {
  readonly #kept = new Map<string, Kept>();
  #version = 0;

  async get(names: readonly string[]): Promise<FoundSchedules> {
    return foundIn(this.#raw(names));
  }

  async put(changes: readonly ScheduleChange[]): Promise<ReadonlySet<string>> {
    const fitting = changes.filter(({ name, version }) => (this.#kept.get(name)?.version ?? 0) === version);
    for (const { name, schedule, dueAt } of fitting) {
      this.#kept.set(name, { json: JSON.stringify(schedule), version: (this.#version += 1), dueAt });
    }
    return new Set(fitting.map(({ name }) => name));
  }

  async remove(name: string): Promise<boolean> {
    return this.#kept.delete(name);
  }

  async due(now: number, limit: number): Promise<FoundSchedules> {
    const due = this.#byTime().filter(([, at]) => at <= now);
    return foundIn(this.#raw(due.slice(0, limit).map(([name]) => name)));
  }

  async postpone(schedules: readonly UnreadableSchedule[], dueAt: number): Promise<void> {
    for (const { name, version } of schedules) {
      const kept = this.#kept.get(name);
      if (kept?.version === version) this.#kept.set(name, { ...kept, dueAt });
    }
  }

  async list({ prefix, after, limit }: Parameters<ScheduleStore['list']>[0]): Promise<FoundPage> {
    const names = [...this.#kept.keys()].filter(name => name.startsWith(prefix)).toSorted(byBytes);
    const page = names.filter(name => after === undefined || byBytes(name, after) > 0).slice(0, limit);
    return pageIn(this.#raw(page), limit);
  }

  async figures(now: number): Promise<ScheduleFigures> {
    const times = this.#byTime();
    return { count: this.#kept.size, due: times.filter(([, at]) => at <= now).length, firstDueAt: times[0]?.[1] };
  }

  #byTime(): readonly (readonly [name: string, at: number])[] {
    const times = [...this.#kept].flatMap(([name, { dueAt }]) => (dueAt === undefined ? [] : [[name, dueAt] as const]));
    return times.toSorted(([, a], [, b]) => a - b);
  }

  #raw(names: readonly string[]): readonly RawSchedule[] {
    return names.flatMap(name => {
      const kept = this.#kept.get(name);
      return kept === undefined ? [] : [{ name, ...kept, record: parsed(kept.json) }];
    });
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
