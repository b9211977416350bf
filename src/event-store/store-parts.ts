import { requireShape, type KnownOptions } from '../errors/index.ts';
import type { Pool } from 'pg';
import { type AnyEventContract, InvalidContractError } from '../contracts/index.ts';
import { Facts } from '../facts/index.ts';
import { Appender } from './append/appender.ts';
import { foreignKeyRing } from './privacy/foreign-key-ring.ts';
import { PostgresKeyRing, type KeyRing } from './privacy/key-ring.ts';
import { PersonalDataVault, type PersonalData } from './privacy/personal-data.ts';
import { EventReader } from './read/event-reader.ts';
import { namesOf, type StoreNames } from './schema/names.ts';

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

/** What a store consists of. Repositories, projections and rebuilds work with the parts; an app has the store. */
export interface StoreParts {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly namespace: string | undefined;
  readonly facts: Facts;
  readonly contracts: ReadonlyMap<string, AnyEventContract>;
  readonly vault: PersonalDataVault;
  readonly appender: Appender;
  readonly reader: EventReader;
}

const KNOWN: KnownOptions<EventStoreOptions> = {
  pool: true,
  events: true,
  namespace: true,
  facts: true,
  personalData: true,
  keys: true,
};

const PARTS = { pool: 'an object', events: 'a list' } as const;

/** @throws InvalidConfigError, InvalidContractError, InvalidOptionsError */
export function makeParts(options: EventStoreOptions): StoreParts {
  // What `defineEventStore` has made may be spread among them.
  requireShape('the options of an EventStore', options, { ...KNOWN, kind: true, projections: true }, PARTS);
  const { pool, facts = new Facts() } = options;
  const names = namesOf(options.namespace);
  const contracts = byName(options.events);
  const keys = options.keys === undefined ? new PostgresKeyRing(pool, names) : foreignKeyRing(options.keys);
  const vault = new PersonalDataVault(options.personalData ?? [], contracts, keys);
  const shared = { pool, names, facts, contracts, vault };
  return {
    ...shared,
    namespace: options.namespace === '' ? undefined : options.namespace,
    appender: new Appender(shared),
    reader: new EventReader(shared),
  };
}

function byName(events: readonly AnyEventContract[]): ReadonlyMap<string, AnyEventContract> {
  const contracts = new Map<string, AnyEventContract>();
  for (const contract of events) {
    if (contracts.has(contract.name))
      throw new InvalidContractError(`Expected each name of an event once, got two events named "${contract.name}".`);
    contracts.set(contract.name, contract);
  }
  return contracts;
}
