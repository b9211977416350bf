import { requireShape, shown, type KnownOptions } from '../../errors/index.ts';
import type { QueryResult } from 'pg';
import { type AnyEventContract, InvalidContractError } from '../../contracts/index.ts';
import type { StoredEvent } from '../read/stored-event.ts';

/**
 * The transaction that a projection writes in. There is no other way to the database here, it takes no statement once the batch has
 * ended, and names without a schema are the projection's own tables.
 */
export interface ProjectionTransaction {
  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<QueryResult<Row>>;
}

/** What becomes of an event that a projection fails on, after its attempts. */
export type PoisonPolicy =
  /** The projection stands still there until somebody resumes it: nothing is ever out of order or left out. */
  | 'stop'
  /** The event is set aside as a dead letter, and what follows in its stream waits behind it; other streams go on. */
  | 'park';

export interface ProjectionDefinition {
  /** Lower-case letters, digits and `_`, which is not the last; readers find its tables in the schema `read_NAME`. */
  readonly name: string;
  /** Raise it with each change of tables or handlers, then rebuild. */
  readonly shape: number;
  /** What it handles; other events pass by. */
  readonly events: readonly AnyEventContract[];
  /** DDL of its tables, names without a schema. */
  readonly tables: string;
  /**
   * Writes what the events say; in order, a batch in a transaction. Must depend on events and tables alone (no clock, no random
   * number, no call to a service): its rebuild has to come to the same.
   */
  readonly project: (events: readonly StoredEvent[], tx: ProjectionTransaction) => Promise<void>;
  readonly onPoison?: PoisonPolicy;
  /** How often an event is tried before the policy applies; 5 by default. */
  readonly attempts?: number;
  /** Events of a type that no contract of the store has: passed over by default, and stated as a fact. */
  readonly onUnknown?: 'skip' | 'stop';
  /** False where it does more than write its tables: a rebuild would do that again. */
  readonly rebuildable?: boolean;
  /** Where it begins when it is new: at the first event, or behind the last. A rebuild begins at the same place. */
  readonly startAt?: 'beginning' | 'now';
}

/** A read model as a value. Made by `defineProjection`. */
export interface Projection extends Required<ProjectionDefinition> {
  readonly kind: 'projection';
}

const KNOWN: KnownOptions<ProjectionDefinition> = {
  name: true,
  shape: true,
  events: true,
  tables: true,
  project: true,
  onPoison: true,
  attempts: true,
  onUnknown: true,
  rebuildable: true,
  startAt: true,
};

/** A word that is misspelt would be the default's opposite at the worst moment: `'Park'` would stop. */
const WORDS: Readonly<Record<string, readonly unknown[]>> = {
  onPoison: ['stop', 'park'],
  onUnknown: ['skip', 'stop'],
  startAt: ['beginning', 'now'],
  rebuildable: [true, false],
};

/** @throws InvalidContractError, InvalidOptionsError */
export function defineProjection(definition: ProjectionDefinition): Projection {
  const parts = { name: 'a text', events: 'a list', tables: 'a text', project: 'a function' } as const;
  requireShape('the definition of a projection', definition, { ...KNOWN, kind: true }, parts);
  const { name, shape, events, attempts = 5 } = definition;
  const refuse = (problem: string): never => {
    throw new InvalidContractError(`projection ${shown(name)}: ${problem}.`);
  };
  // Two `_` are those of a rebuild's schemas; one at the end makes two with a namespace.
  if (!/^[a-z][a-z0-9_]{0,29}$/.test(name) || name.includes('__') || name.endsWith('_')) {
    refuse(
      'expected a name of 1 to 30 lower-case letters, digits and single "_", starting with a letter and not ending with "_"',
    );
  }
  if (!Number.isInteger(shape) || shape < 1) refuse(`expected shape to be an integer >= 1, got ${shown(shape)}`);
  if (events.length === 0) refuse('expected at least one event');
  if (!Number.isInteger(attempts) || attempts < 1)
    refuse(`expected attempts to be an integer >= 1, got ${shown(attempts)}`);
  for (const [part, words] of Object.entries(WORDS)) {
    const word: unknown = Reflect.get(definition, part);
    if (word === undefined || words.includes(word)) continue;
    refuse(`expected ${part} to be ${words.map(shown).join(' or ')}, got ${shown(word)}`);
  }
  return Object.freeze({
    kind: 'projection',
    onPoison: 'stop',
    onUnknown: 'skip',
    rebuildable: true,
    startAt: 'beginning',
    ...definition,
    attempts,
  });
}

/** `next` is built beside `live` and takes its place. */
export type Generation = 'live' | 'next';

/** The schema that holds a projection's tables. */
export function schemaOf(name: string, namespace: string | undefined, generation: Generation | 'old' = 'live'): string {
  const live = namespace ? `read_${name}_${namespace}` : `read_${name}`;
  return generation === 'live' ? live : `${live}__${generation}`;
}

/** PostgreSQL cuts names off in silence: the schema that is built beside the live one would be the live one. @throws InvalidContractError */
export function requireSchemaFits(name: string, namespace: string | undefined): void {
  const longest = schemaOf(name, namespace, 'next');
  if (longest.length <= 63) return;
  throw new InvalidContractError(
    `projection "${name}": expected a name that makes, with the namespace "${namespace ?? ''}", a schema of at most 63 characters, ` +
      `got "${longest}" with ${longest.length}.`,
  );
}
