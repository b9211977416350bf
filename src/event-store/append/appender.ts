import type { Pool } from 'pg';
import type { AnyEventContract } from '../../contracts/index.ts';
import type { Facts } from '../../facts/index.ts';
import { createIdSource } from '../../time/index.ts';
import type { PersonalDataVault } from '../privacy/personal-data.ts';
import type { StoreNames } from '../schema/names.ts';
import type { Sql } from '../schema/sql.ts';
import { explained } from '../store-fault.ts';
import { Announcer } from './announcer.ts';
import { prepareEvent, type EventDefaults, type PreparedEvent } from './prepare-event.ts';
import { requireAppends } from './require-appends.ts';
import { runAppend, type Appended } from './run-append.ts';
import type { StreamAppend } from './stream-append.ts';

export interface AppendOptions extends EventDefaults {
  /**
   * A client inside a read committed transaction of the app: the events stand or fall with it. The keys of personal data are asked for on
   * another connection, of the store's own pool.
   */
  readonly tx?: Sql;
}

export interface AppenderParts {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly facts: Facts;
  readonly contracts: ReadonlyMap<string, AnyEventContract>;
  readonly vault: PersonalDataVault;
}

/** An append in its two halves: whoever decides reads between them what the events will be. */
export class Appender {
  readonly #parts: AppenderParts;
  readonly #ids = createIdSource();
  readonly #announcer: Announcer;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
    this.#announcer = new Announcer(parts.pool, parts.names.channel);
  }

  /** The first half: checks the events and completes them, in the order of the streams. Nothing is written. */
  async prepare(appends: readonly StreamAppend[], defaults: EventDefaults): Promise<PreparedEvent[]> {
    requireAppends(appends);
    const { contracts, vault } = this.#parts;
    const context = { contracts, ids: this.#ids, vault, defaults };
    const prepared: PreparedEvent[] = [];
    for (const { events } of appends) {
      for (const request of events) {
        const one = prepareEvent(request, context);
        prepared.push(one instanceof Promise ? await one : one);
      }
    }
    return prepared;
  }

  /** The second half: writes what `prepare` has made of these very appends. */
  async write(appends: readonly StreamAppend[], prepared: readonly PreparedEvent[], tx?: Sql): Promise<Appended> {
    const { pool, names, facts } = this.#parts;
    const startedAt = performance.now();
    let appended: Appended;
    try {
      appended = await runAppend(tx ?? pool, names, appends, prepared, tx !== undefined);
    } catch (cause) {
      throw explained(cause, names.schema);
    }
    if (tx === undefined) this.#announcer.announce();
    if (!appended.repeated && facts.wants('store.appended')) {
      facts.emit('store.appended', {
        streams: appends.length,
        events: appended.positions.length,
        position: appended.position,
        tookMs: Math.round(performance.now() - startedAt),
      });
    }
    return appended;
  }

  /** Waits for what is said to other processes beside the appends. */
  async settle(): Promise<void> {
    await this.#announcer.settle();
  }
}
