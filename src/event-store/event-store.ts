import { InvalidOptionsError, kindOf } from '../errors/index.ts';
import type { EventRequest } from '../contracts/index.ts';
import type { AppendOptions } from './append/appender.ts';
import type { ExpectedVersion } from './append/expected-version.ts';
import type { Appended } from './append/run-append.ts';
import type { StreamAppend } from './append/stream-append.ts';
import { eraseSubject } from './privacy/erase-subject.ts';
import type { ReadAllOptions, ReadStreamOptions } from './read/event-reader.ts';
import type { StoredEvent } from './read/stored-event.ts';
import { makeParts, type EventStoreOptions, type StoreParts } from './store-parts.ts';

let insideOf: (store: EventStore) => StoreParts;

/**
 * Events in PostgreSQL: appended under optimistic concurrency, never changed, read by stream or in the order of all.
 *
 * Use: `await store.append('account-1', [moneyDeposited({ amount: 5 })], { expectedVersion: 3 })`,
 * `for await (const event of store.readStream('account-1'))`.
 */
export class EventStore {
  readonly #parts: StoreParts;

  static {
    insideOf = store => {
      const given: unknown = store;
      if (typeof given === 'object' && given !== null && #parts in given) return given.#parts;
      throw new InvalidOptionsError(`Expected an EventStore of this package, got ${kindOf(given)}.`);
    };
  }

  /** @throws InvalidConfigError, InvalidContractError */
  constructor(options: EventStoreOptions) {
    this.#parts = makeParts(options);
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
    const { appender } = this.#parts;
    const { tx, ...defaults } = options;
    return appender.write(appends, await appender.prepare(appends, defaults), tx);
  }

  /** The stream's events, a page at a time. @throws InvalidOptionsError */
  readStream(stream: string, options: ReadStreamOptions = {}): AsyncIterableIterator<StoredEvent> {
    return this.#parts.reader.ofStream(stream, options);
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
  readAll(options: ReadAllOptions = {}): AsyncIterableIterator<StoredEvent> {
    return this.#parts.reader.all(options);
  }

  /** The position up to which no event will appear any more. */
  safePosition(): Promise<number> {
    return this.#parts.reader.safePosition();
  }

  /**
   * Throws the person's key away: what was encrypted with it is lost to everybody, for ever. Events stay; readers get what stands for
   * the erased fields. Snapshots of the streams that hold such events go too. Read models keep what they have until an event of the
   * app's own tells them, or they are rebuilt. It takes a second, for which processes remember keys: an event that is appended when it
   * has resolved stands behind all that was read with the key, also by a projection in another process. Answers how many events hold what
   * was erased; a repeat answers none.
   */
  eraseSubject(subject: string): Promise<number> {
    return eraseSubject(this.#parts, subject);
  }

  /** Waits for what is said to other processes beside the appends. Call it before the pool ends. */
  async settle(): Promise<void> {
    await this.#parts.appender.settle();
  }
}

/** For the rest of this room, and for tests of it: what an app must not lean on. */
export function partsOf(store: EventStore): StoreParts {
  return insideOf(store);
}
