import type { RedisClient, RedisKeys } from '../../redis/index.ts';
import { runScript } from '../../state/index.ts';
import type { CauseIndex, CountedCause, CountedLetter, IndexSize, LetterEnd, Page, Stretches } from './cause-index.ts';
import { CAUSES, DROP, PUT, STRIKES } from './redis-scripts.ts';

/** The index in the queues' Redis. Relies on BullMQ's failed set: a sorted set of ids by the time of their end. */
export class RedisCauseIndex implements CauseIndex {
  readonly #redis: RedisClient;
  readonly #names: RedisKeys;

  constructor(redis: RedisClient, names: RedisKeys) {
    this.#redis = redis;
    this.#names = names;
  }

  async put(queue: string, letters: readonly CountedLetter[]): Promise<void> {
    if (letters.length === 0) return;
    const args = letters.flatMap(({ id, cause, expected, endedAt, name, reason }) => [
      id,
      cause,
      expected ? 1 : 0,
      endOf(endedAt),
      JSON.stringify([name, reason]),
    ]);
    await runScript(this.#redis, PUT, this.#keys(queue), args);
  }

  async drop(queue: string, letters: readonly LetterEnd[]): Promise<void> {
    if (letters.length === 0) return;
    const args = letters.flatMap(({ id, endedAt }) => [id, endOf(endedAt)]);
    await runScript(this.#redis, DROP, this.#keys(queue), args);
  }

  async size(queue: string): Promise<IndexSize> {
    const [of = '', , , , failures = ''] = this.#keys(queue);
    const [kept, counted, failed] = await Promise.all([
      this.#redis.zcard(await this.#failed(queue)),
      this.#redis.hlen(of),
      this.#redis.zcard(failures),
    ]);
    return { kept, counted, failures: failed };
  }

  async causes(queue: string, skip: number, limit: number): Promise<readonly CountedCause[]> {
    return causesIn(await runScript(this.#redis, CAUSES, this.#keys(queue), [skip, limit]));
  }

  async cause(queue: string, cause: string): Promise<CountedCause | undefined> {
    return causesIn(await runScript(this.#redis, CAUSES, this.#keys(queue), [0, 1, cause]))[0];
  }

  async strikes(
    queue: string,
    causes: readonly string[],
    { from, stepMs, steps }: Stretches,
  ): Promise<ReadonlyMap<string, readonly number[]>> {
    if (causes.length === 0) return new Map();
    const answer = await runScript(this.#redis, STRIKES, this.#keys(queue), [from, stepMs, steps, ...causes]);
    const flat = texts(answer).map(Number);
    const found = new Map<string, readonly number[]>();
    for (let at = 0; at < flat.length; at += 1 + steps) {
      const cause = causes[flat[at] ?? -1];
      if (cause !== undefined) found.set(cause, flat.slice(at + 1, at + 1 + steps));
    }
    return found;
  }

  async newest(queue: string, cause: string | undefined, limit: number): Promise<readonly LetterEnd[]> {
    const [, members = '', , , failures = ''] = this.#keys(queue);
    if (cause === undefined) return pairs(await this.#redis.zrevrange(failures, 0, limit - 1, 'WITHSCORES'));
    const found = await this.#redis.zrevrangebylex(members, `(${cause};`, `[${cause}:`, 'LIMIT', 0, limit);
    return found.map(memberOf);
  }

  async walk(queue: string, cause: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const [, members = ''] = this.#keys(queue);
    const found = await this.#redis.zrevrangebylex(members, `(${from ?? `${cause};`}`, `[${cause}:`, 'LIMIT', 0, limit);
    return { items: found.map(memberOf), next: found.length < limit ? undefined : found.at(-1) };
  }

  async ends(queue: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (ids.length === 0) return new Map();
    const scores = await this.#redis.zmscore(await this.#failed(queue), ...ids);
    return new Map(ids.flatMap((id, at) => (typeof scores[at] === 'string' ? [[id, endOf(Number(scores[at]))]] : [])));
  }

  async uncounted(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    // Many may have ended in one millisecond: the place is a score and how many of that score are behind.
    const [score = '-inf', behind = '0'] = from?.split('|') ?? [];
    const failed = await this.#failed(queue);
    const flat = await this.#redis.zrangebyscore(failed, score, '+inf', 'WITHSCORES', 'LIMIT', Number(behind), limit);
    const last = flat.at(-1);
    const next = (): string => {
      const same = flat.filter((value, at) => at % 2 === 1 && value === last).length;
      return `${last}|${last === score ? Number(behind) + same : same}`;
    };
    return {
      items: await this.#notCounted(queue, pairs(flat)),
      next: flat.length < 2 * limit || last === undefined ? undefined : next(),
    };
  }

  async uncountedNewest(queue: string, limit: number): Promise<readonly LetterEnd[]> {
    return this.#notCounted(
      queue,
      pairs(await this.#redis.zrevrange(await this.#failed(queue), 0, limit - 1, 'WITHSCORES')),
    );
  }

  async gone(queue: string, from: string | undefined, limit: number): Promise<Page<LetterEnd>> {
    const [of = ''] = this.#keys(queue);
    const [next, flat] = await this.#redis.hscan(of, from ?? '0', 'COUNT', limit);
    const counted: LetterEnd[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      counted.push({ id: flat[at] ?? '', endedAt: Number(/\d+$/.exec(flat[at + 1] ?? '')?.[0]) });
    }
    const kept = await this.ends(
      queue,
      counted.map(({ id }) => id),
    );
    return {
      items: counted.filter(({ id, endedAt }) => kept.get(id) !== endedAt),
      next: next === '0' ? undefined : next,
    };
  }

  async #notCounted(queue: string, ends: readonly LetterEnd[]): Promise<readonly LetterEnd[]> {
    if (ends.length === 0) return [];
    const [of = ''] = this.#keys(queue);
    const counted = await this.#redis.hmget(of, ...ends.map(({ id }) => id));
    return ends.filter(({ endedAt }, at) => counted[at]?.endsWith(`:${endedAt}`) !== true);
  }

  async #failed(queue: string): Promise<string> {
    return `${await this.#names.prefixOf(queue)}:${queue}:failed`;
  }

  /** No queue can have such a name. One slot of a cluster. */
  #keys(queue: string): readonly string[] {
    const own = this.#names.own(`~letters:${queue}`);
    // In braces on one Redis, too: so they were named before there were clusters.
    const base = own.startsWith('{') ? own : `{${own}}`;
    return [`${base}:of`, `${base}:members`, `${base}:counts`, `${base}:causes`, `${base}:failures`];
  }
}

/** Another program may have written any number as the time of an end. */
function endOf(score: number): number {
  return Math.min(8.64e15, Math.max(0, Math.floor(score) || 0));
}

function pairs(flat: readonly string[]): readonly LetterEnd[] {
  const found: LetterEnd[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    found.push({ id: flat[at] ?? '', endedAt: endOf(Number(flat[at + 1])) });
  }
  return found;
}

/** `CAUSE:END:ID`; an id of another program may have colons. */
function memberOf(member: string): LetterEnd {
  const [, end = '0', id = ''] = /^[^:]*:(\d+):([^]*)$/.exec(member) ?? [];
  return { id, endedAt: Number(end) };
}

/** As its script answers them. */
function causesIn(answer: unknown): readonly CountedCause[] {
  const flat = texts(answer);
  const found: CountedCause[] = [];
  for (let at = 0; at + 4 < flat.length; at += 5) {
    const [cause = '', count = '', about = '', first = '', last = ''] = flat.slice(at, at + 5);
    const [, expected, json = '[]'] = /^\d+:(\d):([^]*)$/.exec(about) ?? [];
    const [name, reason] = texts(JSON.parse(json));
    found.push({
      cause,
      expected: expected === '1',
      name: name ?? '?',
      reason: reason ?? '',
      count: Number(count),
      firstEndedAt: memberOf(first).endedAt,
      lastEndedAt: memberOf(last).endedAt,
    });
  }
  return found;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(each => (each === null ? '' : String(each))) : [];
}
