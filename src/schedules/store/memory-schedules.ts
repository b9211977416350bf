import { keptScheduleIn } from '../record/kept-schedule.ts';
import type { ScheduleChange, ScheduleFigures, ScheduleStore, StoredSchedule } from './schedule-store.ts';

interface Kept {
  readonly json: string;
  readonly version: number;
  readonly dueAt: number | undefined;
}

/** In one process alone: for tests. */
export class MemorySchedules implements ScheduleStore {
  readonly #kept = new Map<string, Kept>();
  #version = 0;

  async get(names: readonly string[]): Promise<readonly StoredSchedule[]> {
    return names.flatMap(name => this.#read(name) ?? []);
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

  async due(now: number, limit: number): Promise<readonly StoredSchedule[]> {
    const due = this.#byTime().filter(([, at]) => at <= now);
    return due.slice(0, limit).flatMap(([name]) => this.#read(name) ?? []);
  }

  async list({ prefix, after, limit }: Parameters<ScheduleStore['list']>[0]): Promise<readonly StoredSchedule[]> {
    const names = [...this.#kept.keys()].filter(name => name.startsWith(prefix)).toSorted(byBytes);
    const page = names.filter(name => after === undefined || byBytes(name, after) > 0).slice(0, limit);
    return page.flatMap(name => this.#read(name) ?? []);
  }

  async figures(now: number): Promise<ScheduleFigures> {
    const times = this.#byTime();
    return { count: this.#kept.size, due: times.filter(([, at]) => at <= now).length, firstDueAt: times[0]?.[1] };
  }

  #byTime(): readonly (readonly [name: string, at: number])[] {
    const times = [...this.#kept].flatMap(([name, { dueAt }]) => (dueAt === undefined ? [] : [[name, dueAt] as const]));
    return times.toSorted(([, a], [, b]) => a - b);
  }

  #read(name: string): StoredSchedule | undefined {
    const kept = this.#kept.get(name);
    const schedule = kept && keptScheduleIn(JSON.parse(kept.json));
    return kept && schedule && { name, version: kept.version, schedule, dueAt: kept.dueAt };
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
