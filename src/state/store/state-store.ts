/** One value of the platform's small shared state, as it is to be changed: from that version. */
export interface StateChange {
  readonly name: string;
  /** JSON. */
  readonly value: unknown;
  /** Of all versions ever given out by this store a later one is greater, also after a deletion: usable as a fencing token. */
  readonly version: number;
}

/** One value of the platform's small shared state, as it was read. */
export interface StateEntry extends StateChange {
  /** Milliseconds until it expires, as the engine found when it was read. How old the value is follows, whatever any host's clock says. */
  readonly leftMs: number;
}

/**
 * Small values that several processes share: presence, blame, holds, ledgers, cursors. Each lives in a collection, by name, and
 * expires by the engine's clock. Not for anything that is written for each job.
 *
 * Calls reject with what the engine says while it is away.
 */
export interface StateStore {
  get(collection: string, name: string): Promise<StateEntry | undefined>;
  /** What is there of the named entries, in no order. */
  getMany(collection: string, names: readonly string[]): Promise<StateEntry[]>;
  /** Every entry of a collection, by name. */
  list(collection: string): Promise<StateEntry[]>;
  /** The `limit` entries of a collection that expire last, those first; of those that expire within so long from now where that is given. */
  latest(collection: string, limit: number, withinMs?: number): Promise<StateEntry[]>;
  /** Writes whatever was there before. Answers the new version. */
  set(collection: string, name: string, value: unknown, ttlMs: number): Promise<number>;
  /**
   * Writes only if the entry still has that version; 0 means that there is none. Answers the new version, or undefined when
   * somebody else was first.
   */
  compareAndSet(
    collection: string,
    name: string,
    version: number,
    value: unknown,
    ttlMs: number,
  ): Promise<number | undefined>;
  /** As `compareAndSet`, each for itself, in one round trip. Answers the names of those that were written. */
  compareAndSetMany(collection: string, entries: readonly StateChange[], ttlMs: number): Promise<ReadonlySet<string>>;
  /** Answers whether there was one; with a version, whether there was that one. */
  delete(collection: string, name: string, version?: number): Promise<boolean>;
  /** Removes what has expired. Only space depends on it. */
  prune(): Promise<void>;
}

/** `compareAndSetMany` where writes that are asked for at the same time go together anyway. */
export async function eachCompareAndSet(
  store: Pick<StateStore, 'compareAndSet'>,
  collection: string,
  entries: readonly StateChange[],
  ttlMs: number,
): Promise<ReadonlySet<string>> {
  const written = await Promise.all(
    entries.map(({ name, version, value }) => store.compareAndSet(collection, name, version, value, ttlMs)),
  );
  return new Set(entries.filter((_, index) => written[index] !== undefined).map(({ name }) => name));
}
