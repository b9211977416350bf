import type { RedisClient, RedisKeys } from '../../redis/index.ts';
import { runScript } from '../../state/index.ts';
import {
  countsIn,
  withSums,
  writtenCounts,
  type ContractCounts,
  type CountedStretch,
} from '../record/contract-counts.ts';
import { markIn, writtenMark, type Mark } from '../record/mark.ts';
import { RUN_CLASSES, type RunClass } from '../record/run-record.ts';
import { holdsMark, type Term } from '../record/terms.ts';
import {
  CHUNK_BYTES,
  CHUNK_MS,
  DAY,
  HOUR,
  KEPT_MS,
  MARKS_KEPT,
  MINUTE,
  MINUTES_KEPT_MS,
  stretchOf,
  type Bounds,
  type Chunk,
  type ClassStanding,
  type JournalBatch,
  type JournalStore,
  type QueueDepth,
  type Room,
  type Span,
  type Standing,
} from './journal-store.ts';
import { APPEND, REWRITE } from './redis-scripts.ts';

type By = 'minute' | 'hour';

/** The journal in the queues' Redis: see `redis-scripts.ts` for how it lies there. */
export class RedisJournalStore implements JournalStore {
  readonly #redis: RedisClient;
  readonly #base: string;
  readonly #bounds: Bounds;

  constructor(redis: RedisClient, keys: RedisKeys, bounds: Bounds) {
    this.#redis = redis;
    this.#base = keys.own('~journal');
    this.#bounds = bounds;
  }

  async append({ now, writer, frames, counts, marks, depths }: JournalBatch): Promise<Room> {
    const { failed, succeeded } = this.#bounds;
    const args: (string | number)[] = [now, writer, KEPT_MS, failed, succeeded, CHUNK_MS, CHUNK_BYTES, MARKS_KEPT];
    for (const { of, text, terms } of frames) args.push('f', of, text, terms.length, ...terms.flat());
    for (const each of withSums(counts)) args.push(...countArgs('minute', now, each), ...countArgs('hour', now, each));
    for (const mark of marks) args.push('m', mark.at, writtenMark(mark));
    for (const { at, queue, unfinished, waiting, held, oldestDueMs } of depths) {
      const written = JSON.stringify([unfinished, waiting, held, oldestDueMs ?? null]);
      args.push('d', blockOf('minute', at), MINUTES_KEPT_MS, at, queue, unfinished, written);
    }
    const answer = await runScript(this.#redis, APPEND, [this.#base], args.map(whole));
    const [bytes, writers]: readonly unknown[] = Array.isArray(answer) ? answer : [];
    return { filled: Number(bytes) / succeeded, writers: Number(writers) };
  }

  async list(of: RunClass, { from, to }: Span, limit: number): Promise<readonly number[]> {
    const found: number[] = [];
    for (const segment of await this.#segments(of, { from, to })) {
      const key = this.#key(`${of}:${segment}`);
      const ids = await this.#redis.zrevrangebyscore(key, to, from, 'LIMIT', 0, limit - found.length);
      found.push(...ids.map(Number));
      if (found.length >= limit) break;
    }
    return found;
  }

  async holding(of: RunClass, terms: readonly Term[], span: Span, limit: number): Promise<readonly number[]> {
    const segments = await this.#segments(of, span);
    const keys = segments.flatMap(name => terms.map(({ bucket }) => this.#key(`${of}:t:${name}:${bucket}`)));
    if (keys.length === 0) return [];
    const texts = await this.#redis.mget(...keys);
    const found: number[] = [];
    for (let at = 0; at < segments.length && found.length < limit; at += 1) {
      const own = terms.map(({ mark }, index) => chunksWith(texts[at * terms.length + index] ?? '', mark, span));
      const [first = new Set<number>(), ...others] = own;
      const both = [...first].filter(id => others.every(ids => ids.has(id)));
      found.push(...both.toSorted((a, b) => b - a));
    }
    return found.slice(0, limit);
  }

  async read(of: RunClass, ids: readonly number[]): Promise<readonly Chunk[]> {
    if (ids.length === 0) return [];
    const texts = await this.#redis.mget(...ids.map(id => this.#key(`${of}:c:${id}`)));
    return ids.flatMap((id, at) => (typeof texts[at] === 'string' ? [{ id, text: texts[at] }] : []));
  }

  async rewrite(of: RunClass, { id, text: before }: Chunk, text: string): Promise<boolean> {
    return (await this.#redis.eval(REWRITE, 1, this.#key(`${of}:c:${id}`), before, text)) === 1;
  }

  async standing(): Promise<Standing> {
    const [failed, succeeded] = await Promise.all(RUN_CLASSES.map(of => this.#standingOf(of)));
    const none: ClassStanding = { bytes: 0, mostBytes: 0, since: undefined };
    return { failed: failed ?? none, succeeded: succeeded ?? none };
  }

  async counts(by: By, { from, to }: Span, names: readonly string[]): Promise<readonly CountedStretch[]> {
    if (names.length === 0) return [];
    const found = await Promise.all(
      blocksIn(by, from, to).map(async block => {
        const stretches = stretchesIn(by, block).filter(at => at >= from && at <= to);
        const asked = stretches.flatMap(at => names.map(jobName => ({ at, jobName })));
        if (asked.length === 0) return [];
        const fields = asked.map(({ at, jobName }) => `${at} ${jobName}`);
        const written = await this.#redis.hmget(this.#key(`n:${by}:${block}`), ...fields);
        return asked.flatMap(({ at, jobName }, index) => {
          const text = written[index];
          if (typeof text !== 'string') return [];
          const [queue, counts]: readonly unknown[] = arrayIn(text);
          return [{ at, ...countsIn(jobName, String(queue), counts) }];
        });
      }),
    );
    return found.flat();
  }

  async marks({ from, to }: Span, limit: number): Promise<readonly Mark[]> {
    const found = await this.#redis.zrevrangebyscore(this.#key('marks'), to, from, 'LIMIT', 0, limit);
    return found.toReversed().flatMap(text => markIn(text) ?? []);
  }

  async depths({ from, to }: Span, queues: readonly string[]): Promise<readonly QueueDepth[]> {
    const found = await Promise.all(
      blocksIn('minute', from, to).map(async block => {
        const minutes = stretchesIn('minute', block).filter(at => at >= from && at <= to);
        const asked = minutes.flatMap(at => queues.map(queue => ({ at, queue })));
        if (asked.length === 0) return [];
        const written = await this.#redis.hmget(
          this.#key(`d:${block}`),
          ...asked.map(({ at, queue }) => `${at} ${queue}`),
        );
        return asked.flatMap(({ at, queue }, index) => {
          const text = written[index];
          if (typeof text !== 'string') return [];
          const [unfinished, waiting, held, oldest] = arrayIn(text);
          const oldestDueMs = typeof oldest === 'number' ? oldest : undefined;
          return [
            { at, queue, unfinished: Number(unfinished), waiting: Number(waiting), held: Number(held), oldestDueMs },
          ];
        });
      }),
    );
    return found.flat();
  }

  async unfinished(minutes: readonly number[], queue: string | undefined): Promise<ReadonlyMap<number, number>> {
    const byBlock = Map.groupBy(minutes, at => blockOf('minute', at));
    const found = await Promise.all(
      [...byBlock].map(async ([block, ats]) => {
        const written =
          queue === undefined
            ? await this.#redis.hmget(this.#key(`u:${block}`), ...ats.map(String))
            : await this.#redis.hmget(this.#key(`d:${block}`), ...ats.map(at => `${at} ${queue}`));
        return ats.flatMap((at, index): [number, number][] => {
          const text = written[index];
          if (typeof text !== 'string') return [];
          return [[at, Number(queue === undefined ? text : arrayIn(text)[0])]];
        });
      }),
    );
    return new Map(found.flat());
  }

  async #standingOf(of: RunClass): Promise<ClassStanding> {
    const [sizes, segments] = await Promise.all([
      this.#redis.hvals(this.#key(`${of}:bytes`)),
      this.#redis.zrangebyscore(this.#key(`${of}:segments`), '-inf', '+inf', 'LIMIT', 0, 1),
    ]);
    const bytes = sizes.reduce((sum, size) => sum + Number(size), 0);
    const [oldest] = segments;
    return { bytes, mostBytes: this.#bounds[of], since: oldest === undefined ? undefined : Number(oldest) };
  }

  /** Those that may have chunks of that span, the newest first: a segment takes chunks for a day at most. */
  async #segments(of: RunClass, { from, to }: Span): Promise<readonly string[]> {
    return this.#redis.zrevrangebyscore(this.#key(`${of}:segments`), to, from - DAY - CHUNK_MS);
  }

  #key(name: string): string {
    return `${this.#base}:${name}`;
  }
}

function countArgs(by: By, now: number, counts: ContractCounts): readonly (string | number)[] {
  const at = stretchOf(by, now);
  const written = JSON.stringify(writtenCounts(counts));
  const ttl = by === 'minute' ? MINUTES_KEPT_MS : KEPT_MS;
  return ['n', `${by}:${blockOf(by, at)}`, ttl, `${at} ${counts.jobName}`, counts.queue, written];
}

/** An hour of minutes, or a day of hours. */
function blockOf(by: By, at: number): number {
  return Math.floor(at / lengthOfBlock(by));
}

function lengthOfBlock(by: By): number {
  return by === 'minute' ? HOUR : DAY;
}

function blocksIn(by: By, from: number, to: number): readonly number[] {
  const first = blockOf(by, Math.max(from, to - (by === 'minute' ? MINUTES_KEPT_MS : KEPT_MS)));
  return Array.from({ length: Math.max(0, blockOf(by, to) - first + 1) }, (_, index) => first + index);
}

function stretchesIn(by: By, block: number): readonly number[] {
  const [whole, each] = [lengthOfBlock(by), by === 'minute' ? MINUTE : HOUR];
  return Array.from({ length: whole / each }, (_, nth) => block * whole + nth * each);
}

function arrayIn(json: string): readonly unknown[] {
  const value: unknown = JSON.parse(json);
  return Array.isArray(value) ? value : [];
}

/** Lines of `CHUNK MARKS`. */
function chunksWith(text: string, mark: string, { from, to }: Span): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = text.indexOf(mark); at !== -1;) {
    const begin = text.lastIndexOf('\n', at);
    const end = text.indexOf('\n', at);
    const until = end === -1 ? text.length : end;
    const space = text.indexOf(' ', begin);
    const id = Number(text.slice(begin + 1, space));
    if (id >= from && id <= to && holdsMark(text, mark, space + 1, until)) found.add(id);
    at = text.indexOf(mark, until);
  }
  return found;
}

/** Lua reads numbers as they are written: none with a fraction. */
function whole(value: string | number): string | number {
  return typeof value === 'number' ? Math.round(value) : value;
}
