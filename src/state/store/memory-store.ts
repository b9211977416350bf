import { eachCompareAndSet, type StateChange, type StateEntry, type StateStore } from './state-store.ts';

interface Kept {
  readonly json: string;
  readonly version: number;
  readonly expiresAt: number;
}

/** The shared state of one process alone: for tests. */
export class MemoryStateStore implements StateStore {
  readonly #collections = new Map<string, Map<string, Kept>>();
  readonly #now: () => number;
  #version = 0;

  /** @param now the time, milliseconds since 1970; the computer's when left out */
  constructor(now: () => number = () => Date.now()) {
    this.#now = now;
  }

  async get(collection: string, name: string): Promise<StateEntry | undefined> {
    const kept = this.#kept(collection, name);
    return kept && entryOf(name, kept, this.#now());
  }

  async getMany(collection: string, names: readonly string[]): Promise<StateEntry[]> {
    const entries = await Promise.all(names.map(name => this.get(collection, name)));
    return entries.filter(entry => entry !== undefined);
  }

  async list(collection: string): Promise<StateEntry[]> {
    return this.getMany(collection, [...(this.#collections.get(collection)?.keys() ?? [])].toSorted());
  }

  async latest(collection: string, limit: number, withinMs = Infinity): Promise<StateEntry[]> {
    const entries = (await this.list(collection)).filter(({ leftMs }) => leftMs <= withinMs);
    return entries.toSorted((a, b) => b.leftMs - a.leftMs || (a.name < b.name ? 1 : -1)).slice(0, limit);
  }

  async set(collection: string, name: string, value: unknown, ttlMs: number): Promise<number> {
    const entries = this.#collections.get(collection) ?? new Map<string, Kept>();
    this.#collections.set(collection, entries);
    const version = (this.#version += 1);
    entries.set(name, { json: JSON.stringify(value), version, expiresAt: this.#now() + ttlMs });
    return version;
  }

  async compareAndSet(
    collection: string,
    name: string,
    version: number,
    value: unknown,
    ttlMs: number,
  ): Promise<number | undefined> {
    if ((this.#kept(collection, name)?.version ?? 0) !== version) return undefined;
    return this.set(collection, name, value, ttlMs);
  }

  compareAndSetMany(collection: string, entries: readonly StateChange[], ttlMs: number): Promise<ReadonlySet<string>> {
    return eachCompareAndSet(this, collection, entries, ttlMs);
  }

  async delete(collection: string, name: string, version?: number): Promise<boolean> {
    const kept = this.#kept(collection, name);
    if (kept === undefined || (version !== undefined && kept.version !== version)) return false;
    return this.#collections.get(collection)?.delete(name) ?? false;
  }

  async prune(): Promise<void> {
    for (const [collection, entries] of this.#collections) {
      for (const name of entries.keys()) if (this.#kept(collection, name) === undefined) entries.delete(name);
    }
  }

  #kept(collection: string, name: string): Kept | undefined {
    const kept = this.#collections.get(collection)?.get(name);
    return kept !== undefined && kept.expiresAt > this.#now() ? kept : undefined;
  }
}

function entryOf(name: string, { json, version, expiresAt }: Kept, now: number): StateEntry {
  const value: unknown = JSON.parse(json);
  return { name, value, version, leftMs: expiresAt - now };
}
