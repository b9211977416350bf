import type { RedisClient, RedisKeys } from '../../redis/index.ts';
import { runScript } from '../../state/index.ts';
import { foundIn, pageIn, parsed, type RawSchedule } from './found-schedules.ts';
import { DUE, FIGURES, GET, LIST, POSTPONE, PUT, REMOVE } from './redis-scripts.ts';
import type {
  FoundPage,
  FoundSchedules,
  ScheduleChange,
  ScheduleFigures,
  ScheduleStore,
  UnreadableSchedule,
} from './schedule-store.ts';

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

  async get(names: readonly string[]): Promise<FoundSchedules> {
    return foundIn(names.length === 0 ? [] : rawIn(await this.#run(GET, names)));
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

  async due(now: number, limit: number): Promise<FoundSchedules> {
    return foundIn(rawIn(await this.#run(DUE, [now, limit])));
  }

  async postpone(schedules: readonly UnreadableSchedule[], dueAt: number): Promise<void> {
    if (schedules.length === 0) return;
    await this.#run(POSTPONE, [dueAt, ...schedules.flatMap(({ name, version }) => [name, version])]);
  }

  async list({ prefix, after, limit }: Parameters<ScheduleStore['list']>[0]): Promise<FoundPage> {
    const from = after === undefined || after < prefix ? `[${prefix}` : `(${after}`;
    return pageIn(rawIn(await this.#run(LIST, [from, `[${prefix}${LAST}`, limit])), limit);
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
function rawIn(answer: unknown): readonly RawSchedule[] {
  const texts = textsIn(answer);
  const found: RawSchedule[] = [];
  for (let index = 0; index < texts.length; index += 3) {
    const [name = '', due = '', record = ''] = texts.slice(index, index + 3);
    const [, version = '0', json = ''] = /^(\d+):(.*)$/s.exec(record) ?? [];
    const dueAt = due === '' ? undefined : Number(due);
    found.push({ name, version: Number(version), dueAt, record: parsed(json) });
  }
  return found;
}
