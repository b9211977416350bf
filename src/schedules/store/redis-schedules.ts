import type { RedisClient, RedisKeys } from '../../redis/index.ts';
import { runScript } from '../../state/index.ts';
import { keptScheduleIn } from '../record/kept-schedule.ts';
import { DUE, FIGURES, GET, LIST, PUT, REMOVE } from './redis-scripts.ts';
import type { ScheduleChange, ScheduleFigures, ScheduleStore, StoredSchedule } from './schedule-store.ts';

/** Of a text in UTF-8: no name goes on with it. */
const LAST = '\u{10FFFF}';

/** In the queues' Redis, all in one slot: a hash of records, a sorted set by name and one by when each is due. */
export class RedisSchedules implements ScheduleStore {
  readonly #redis: RedisClient;
  readonly #keys: readonly [records: string, due: string, names: string, version: string];

  constructor(redis: RedisClient, keys: RedisKeys) {
    this.#redis = redis;
    const own = keys.own('~schedules');
    this.#keys = [own, `${own}:due`, `${own}:names`, `${own}:version`];
  }

  async get(names: readonly string[]): Promise<readonly StoredSchedule[]> {
    return names.length === 0 ? [] : storedIn(await this.#run(GET, names));
  }

  async put(changes: readonly ScheduleChange[]): Promise<ReadonlySet<string>> {
    if (changes.length === 0) return new Set();
    const args = changes.flatMap(({ name, version, dueAt, schedule }) => [
      name,
      version,
      dueAt ?? '',
      JSON.stringify(schedule),
    ]);
    return new Set(textsIn(await this.#run(PUT, args)));
  }

  async remove(name: string): Promise<boolean> {
    return (await this.#run(REMOVE, [name])) === 1;
  }

  async due(now: number, limit: number): Promise<readonly StoredSchedule[]> {
    return storedIn(await this.#run(DUE, [now, limit]));
  }

  async list({ prefix, after, limit }: Parameters<ScheduleStore['list']>[0]): Promise<readonly StoredSchedule[]> {
    const from = after === undefined || after < prefix ? `[${prefix}` : `(${after}`;
    return storedIn(await this.#run(LIST, [from, `[${prefix}${LAST}`, limit]));
  }

  async figures(now: number): Promise<ScheduleFigures> {
    const [count, due, first] = textsIn(await this.#run(FIGURES, [now]));
    return { count: Number(count), due: Number(due), firstDueAt: first === undefined ? undefined : Number(first) };
  }

  #run(script: string, args: readonly (string | number)[]): Promise<unknown> {
    return runScript(this.#redis, script, this.#keys, args);
  }
}

function textsIn(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

/** Name, when it is due or nothing, and the record, again and again. */
function storedIn(answer: unknown): readonly StoredSchedule[] {
  const texts = textsIn(answer);
  const found: StoredSchedule[] = [];
  for (let index = 0; index < texts.length; index += 3) {
    const [name = '', due = '', record = ''] = texts.slice(index, index + 3);
    const at = record.indexOf(':');
    const schedule = keptScheduleIn(JSON.parse(record.slice(at + 1)));
    if (schedule === undefined) continue;
    found.push({ name, version: Number(record.slice(0, at)), schedule, dueAt: due === '' ? undefined : Number(due) });
  }
  return found;
}
