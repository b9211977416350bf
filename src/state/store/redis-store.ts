import type { RedisClient, RedisKeys } from '../../redis/index.ts';
import { DELETE, LATEST, LIST, READ, WRITE } from './redis-scripts.ts';
import { runScript } from './run-script.ts';
import { eachCompareAndSet, type StateChange, type StateEntry, type StateStore } from './state-store.ts';

/** The shared state in the queues' Redis. */
export class RedisStateStore implements StateStore {
  readonly #redis: RedisClient;
  readonly #keys: RedisKeys;

  constructor(redis: RedisClient, keys: RedisKeys) {
    this.#redis = redis;
    this.#keys = keys;
  }

  async get(collection: string, name: string): Promise<StateEntry | undefined> {
    const [entry] = await this.getMany(collection, [name]);
    return entry;
  }

  async getMany(collection: string, names: readonly string[]): Promise<StateEntry[]> {
    if (names.length === 0) return [];
    const found = await this.#run(READ, [this.#hash(collection)], names);
    const flat: readonly unknown[] = Array.isArray(found) ? found : [];
    const now = Number(flat[names.length]);
    return names.flatMap((name, index) => entryOf(name, flat[index], now));
  }

  async list(collection: string): Promise<StateEntry[]> {
    const entries = await this.#found(collection, LIST, []);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  latest(collection: string, limit: number, withinMs?: number): Promise<StateEntry[]> {
    return this.#found(collection, LATEST, [limit, withinMs === undefined ? '' : Math.ceil(withinMs)]);
  }

  async #found(collection: string, script: string, args: readonly (string | number)[]): Promise<StateEntry[]> {
    const found = await this.#run(script, [this.#hash(collection), this.#expiries(collection)], args);
    const flat: readonly unknown[] = Array.isArray(found) ? found : [];
    const entries: StateEntry[] = [];
    const now = Number(flat[0]);
    for (let index = 1; index < flat.length; index += 2) {
      entries.push(...entryOf(String(flat[index]), flat[index + 1], now));
    }
    return entries;
  }

  async set(collection: string, name: string, value: unknown, ttlMs: number): Promise<number> {
    return Number(await this.#write(collection, [name, '*', JSON.stringify(value), ttlMs]));
  }

  async compareAndSet(
    collection: string,
    name: string,
    version: number,
    value: unknown,
    ttlMs: number,
  ): Promise<number | undefined> {
    const written = await this.#write(collection, [name, version, JSON.stringify(value), ttlMs]);
    return written === null ? undefined : Number(written);
  }

  compareAndSetMany(collection: string, entries: readonly StateChange[], ttlMs: number): Promise<ReadonlySet<string>> {
    return eachCompareAndSet(this, collection, entries, ttlMs);
  }

  async delete(collection: string, name: string, version?: number): Promise<boolean> {
    const keys = [this.#hash(collection), this.#expiries(collection)];
    return (await this.#run(DELETE, keys, [name, version ?? '*'])) === 1;
  }

  /** Every write does it for its collection. */
  async prune(): Promise<void> {}

  #write(collection: string, args: readonly (string | number)[]): Promise<unknown> {
    return this.#run(WRITE, [this.#hash(collection), this.#expiries(collection), this.#counter(collection)], args);
  }

  #hash(collection: string): string {
    return this.#keys.own(`~state:${collection}`);
  }

  /** On a cluster each collection has a slot of its own, and its own counter in it. */
  #counter(collection: string): string {
    return this.#redis.isCluster ? `${this.#hash(collection)}:version` : this.#keys.own('~state:version');
  }

  #expiries(collection: string): string {
    return `${this.#hash(collection)}:expiries`;
  }

  #run(script: string, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    return runScript(this.#redis, script, keys, args);
  }
}

function entryOf(name: string, stored: unknown, now: number): StateEntry[] {
  if (typeof stored !== 'string') return [];
  const [version = '', expires = ''] = stored.split(':', 2);
  const value: unknown = JSON.parse(stored.slice(version.length + expires.length + 2));
  return [{ name, value, version: Number(version), leftMs: Number(expires) - now }];
}
