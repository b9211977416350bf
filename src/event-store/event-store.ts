import type { Pool } from 'pg';
import { type AnyEventContract, type EventRequest, InvalidContractError } from '../contracts/index.ts';
import { InvalidOptionsError } from '../errors/index.ts';
import { Facts } from '../facts/index.ts';
import { createIdSource } from '../time/index.ts';
import { Announcer } from './append/announcer.ts';
import { EventCursor } from './read/event-cursor.ts';
import { EventRows, type StreamRange } from './read/event-rows.ts';
import { runAppend, type Appended } from './append/run-append.ts';
import type { ExpectedVersion } from './append/expected-version.ts';
import { requireAppends } from './append/require-appends.ts';
import type { StreamAppend } from './append/stream-append.ts';
import { requireIdText } from './schema/id-text.ts';
import { foreignKeyRing } from './privacy/foreign-key-ring.ts';
import { PostgresKeyRing, recordErasure, type KeyRing } from './privacy/key-ring.ts';
import { requireCounts } from './require-counts.ts';
import { namesOf, type StoreNames } from './schema/names.ts';
import { PersonalDataVault, type PersonalData } from './privacy/personal-data.ts';
import { readEvent, type EventRow, type Reading } from './read/read-event.ts';
import { prepareEvent, type EventDefaults, type PreparedEvent } from './append/prepare-event.ts';
import { storeTypes, type Sql } from './schema/sql.ts';
import { explained } from './store-fault.ts';
import type { StoredEvent } from './read/stored-event.ts';

export interface EventStoreOptions {
  /** Of node-postgres. The store never ends it. */
  readonly pool: Pool;
  /** Every event that may be appended, and that readers understand. */
  readonly events: readonly AnyEventContract[];
  /** Keeps stores apart in one database: SHIFTWORK_NAMESPACE. */
  readonly namespace?: string | undefined;
  readonly facts?: Facts;
  /** Fields that are encrypted with a person's key, so that the person can be erased. */
  readonly personalData?: readonly PersonalData[];
  /** Where those keys are; a table beside the events by default. */
  readonly keys?: KeyRing;
}

export interface AppendOptions extends EventDefaults {
  /**
   * A client inside a read committed transaction of the app: the events stand or fall with it. The keys of personal data are asked for on
   * another connection, of the store's own pool.
   */
  readonly tx?: Sql;
}

export interface ReadStreamOptions {
  readonly direction?: 'forward' | 'backward';
  /** The first version to read, itself included. The oldest by default, backward the newest. */
  readonly from?: number;
  /** The last version to read, itself included. */
  readonly to?: number;
  readonly limit?: number;
  /**
   * A client inside a transaction of the app: also what it has appended and not yet committed is read. For what is encrypted the keys are
   * asked for on another connection, of the store's own pool.
   */
  readonly tx?: Sql | undefined;
}

export interface ReadAllOptions {
  /** Events behind that position; 0 by default, which is all. */
  readonly after?: number;
  readonly limit?: number;
  /** Of these types alone. */
  readonly types?: readonly string[];
}

/**
 * Events in PostgreSQL: appended under optimistic concurrency, never changed, read by stream or in the order of all.
 *
 * Use: `await store.append('account-1', [moneyDeposited({ amount: 5 })], { expectedVersion: 3 })`,
 * `for await (const event of store.readStream('account-1'))`.
 */
export class EventStore {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly namespace: string | undefined;
  readonly facts: Facts;
  readonly contracts: ReadonlyMap<string, AnyEventContract>;
  readonly #ids = createIdSource();
  readonly #vault: PersonalDataVault;
  readonly #reading: Reading;
  readonly #announcer: Announcer;
  readonly #rows: EventRows;

  /** @throws InvalidConfigError, InvalidContractError */
  constructor(options: EventStoreOptions) {
    this.pool = options.pool;
    this.names = namesOf(options.namespace);
    this.namespace = options.namespace === '' ? undefined : options.namespace;
    this.facts = options.facts ?? new Facts();
    const contracts = byName(options.events);
    this.contracts = contracts;
    const keys =
      options.keys === undefined ? new PostgresKeyRing(options.pool, this.names) : foreignKeyRing(options.keys);
    this.#vault = new PersonalDataVault(options.personalData ?? [], contracts, keys);
    this.#reading = { contracts, vault: this.#vault };
    this.#announcer = new Announcer(options.pool, this.names.channel);
    this.#rows = new EventRows(options.pool, this.names);
  }

  /**
   * Appends events to one stream. Repeated with the same event ids it answers as the first time.
   * @throws ConcurrencyError, EventIdTakenError, InvalidPayloadError, PayloadTooLargeError, InvalidOptionsError; nothing is written then
   */
  append(
    stream: string,
    events: readonly EventRequest[],
    options: AppendOptions & { readonly expectedVersion: ExpectedVersion },
  ): Promise<Appended> {
    // From JavaScript the options can be missing: then what is expected is refused by name.
    const { expectedVersion, ...rest } = options ?? {};
    return this.appendAll([{ stream, events, expectedVersion }], rest);
  }

  /** The same for several streams: all of it or nothing. */
  async appendAll(appends: readonly StreamAppend[], options: AppendOptions = {}): Promise<Appended> {
    const { tx, ...defaults } = options;
    return this.appendPrepared(appends, await this.prepare(appends, defaults), tx);
  }

  /** The first half of an append: checks the events and completes them, in the order of the streams. Nothing is written. */
  async prepare(appends: readonly StreamAppend[], defaults: EventDefaults): Promise<PreparedEvent[]> {
    requireAppends(appends);
    const context = { contracts: this.contracts, ids: this.#ids, vault: this.#vault, defaults };
    const prepared: PreparedEvent[] = [];
    for (const { events } of appends) {
      for (const request of events) {
        const one = prepareEvent(request, context);
        prepared.push(one instanceof Promise ? await one : one);
      }
    }
    return prepared;
  }

  /** The second half of an append: writes what `prepare` has made of these very appends. */
  async appendPrepared(
    appends: readonly StreamAppend[],
    prepared: readonly PreparedEvent[],
    tx?: Sql,
  ): Promise<Appended> {
    const startedAt = performance.now();
    let appended: Appended;
    try {
      appended = await runAppend(tx ?? this.pool, this.names, appends, prepared, tx !== undefined);
    } catch (cause) {
      throw explained(cause, this.names.schema);
    }
    if (tx === undefined) this.#announcer.announce();
    if (!appended.repeated && this.facts.wants('store.appended')) {
      this.facts.emit('store.appended', {
        streams: appends.length,
        events: appended.positions.length,
        position: appended.position,
        tookMs: Math.round(performance.now() - startedAt),
      });
    }
    return appended;
  }

  /** The stream's events, a page at a time. @throws InvalidOptionsError */
  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterableIterator<StoredEvent> {
    requireIdText(stream, 'the name of a stream');
    requireCounts({ from: options.from, to: options.to, limit: options.limit });
    const { direction = 'forward' } = options;
    if (direction !== 'forward' && direction !== 'backward') {
      throw new InvalidOptionsError(
        `Expected direction of a read to be 'forward' or 'backward', got ${String(direction).slice(0, 100)}.`,
      );
    }
    const backward = direction === 'backward';
    const range: StreamRange = {
      direction,
      first: options.from ?? (backward ? Number.MAX_SAFE_INTEGER : 1),
      last: options.to ?? (backward ? 1 : Number.MAX_SAFE_INTEGER),
    };
    return new EventCursor({
      fetch: (before, limit) => this.#rows.ofStream(stream, range, before, limit, options.tx),
      interpret: row => this.interpret(row),
      limit: options.limit ?? Infinity,
      ahead: options.tx === undefined,
    });
  }

  /** The version of the stream's last event; 0 when there is none. */
  async streamVersion(stream: string): Promise<number> {
    for await (const event of this.readStream(stream, { direction: 'backward', limit: 1 })) return event.streamVersion;
    return 0;
  }

  /**
   * Every event behind a position, in order, up to what is decided at the time: none will ever appear between those that were read.
   * Use the primary: a standby does not know which appends are under way.
   * @throws InvalidOptionsError
   */
  readAll({ after = 0, limit = Infinity, types }: ReadAllOptions = {}): AsyncIterableIterator<StoredEvent> {
    requireCounts({ after, limit });
    if (types !== undefined && !(Array.isArray(types) && types.every(type => typeof type === 'string'))) {
      throw new InvalidOptionsError("Expected types of a read to be a list of events' names.");
    }
    let safePosition: number | undefined;
    return new EventCursor({
      fetch: async (before, count) => {
        safePosition ??= await this.safePosition();
        return this.#rows.between({ after: before?.[0] ?? after, upTo: safePosition, limit: count }, types);
      },
      interpret: row => this.interpret(row),
      limit,
      ahead: true,
    });
  }

  /** The position up to which no event will appear any more. */
  async safePosition(sql: Sql = this.pool): Promise<number> {
    try {
      const { rows } = await sql.query({
        text: `select ${this.names.safePosition}()`,
        rowMode: 'array',
        types: storeTypes,
      });
      return Number(rows[0]?.[0] ?? 0);
    } catch (cause) {
      throw explained(cause, this.names.schema);
    }
  }

  /**
   * Rows for a projection: of the types that it handles, and of those that no contract here has. `upTo` must be at or below a safe position.
   */
  rowsFor(after: number, upTo: number, limit: number, types: readonly string[], sql?: Sql): Promise<EventRow[]> {
    const handled = new Set(types);
    const passedBy = [...this.contracts.keys()].filter(type => !handled.has(type));
    const range = { after, upTo, limit };
    return passedBy.length === 0 ? this.#rows.between(range, undefined, sql) : this.#rows.allBut(range, passedBy, sql);
  }

  /** What a row says. A promise only where it takes one. With a client keys are asked for on that. */
  interpret(row: EventRow, sql?: Sql): StoredEvent | Promise<StoredEvent> {
    return readEvent(row, this.#reading, sql);
  }

  /** Fields of events of that type whose values are not for logs: what the contract calls sensitive, and what is encrypted. */
  sensitiveFieldsOf(type: string): readonly string[] {
    return [...(this.contracts.get(type)?.sensitive ?? []), ...this.#vault.fieldsOf(type)];
  }

  /**
   * Throws the person's key away: what was encrypted with it is lost to everybody, for ever. Events stay; readers get what stands for
   * the erased fields. Snapshots of the streams that hold such events go too. Read models keep what they have until an event of the
   * app's own tells them, or they are rebuilt. It takes a second, for which processes remember keys: an event that is appended when it
   * has resolved stands behind all that was read with the key, also by a projection in another process.
   */
  async eraseSubject(subject: string): Promise<void> {
    await recordErasure(this.pool, this.names.subjectKey, requireIdText(subject, 'the subject to erase'));
    await this.#vault.erase(subject);
    await this.pool.query(
      `delete from ${this.names.snapshot} where stream in (select stream from ${this.names.event} where subject = $1)`,
      [subject],
    );
  }

  /** Waits for what is said to other processes beside the appends. Call it before the pool ends. */
  async settle(): Promise<void> {
    await this.#announcer.settle();
  }
}

function byName(events: readonly AnyEventContract[]): ReadonlyMap<string, AnyEventContract> {
  const contracts = new Map<string, AnyEventContract>();
  for (const contract of events) {
    if (contracts.has(contract.name)) throw new InvalidContractError(`Two events are named "${contract.name}".`);
    contracts.set(contract.name, contract);
  }
  return contracts;
}
