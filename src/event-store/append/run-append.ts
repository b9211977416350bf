import { ConcurrencyError } from './concurrency-error.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import { decodeExpected, encodeExpected } from './expected-version.ts';
import type { StreamAppend } from './stream-append.ts';
import type { StoreNames } from '../schema/names.ts';
import type { PreparedEvent } from './prepare-event.ts';
import { storeTypes, type Sql } from '../schema/sql.ts';

export interface Appended {
  /** Of the last event: what a reader waits for to see this append. */
  readonly position: number;
  /** One for each event, in the order in which they were given. */
  readonly positions: readonly number[];
  /** One for each stream: its version now; of a repeated append, its version then. */
  readonly versions: readonly number[];
  readonly eventIds: readonly string[];
  /** The same events, by id, had been appended before; nothing was written now. */
  readonly repeated: boolean;
}

type Answer = readonly [
  outcome: string,
  versions: string | null,
  positions: string | null,
  stream: string | null,
  expected: number | null,
  actual: number | null,
];

/** One round trip. @throws ConcurrencyError */
export async function runAppend(
  sql: Sql,
  names: StoreNames,
  appends: readonly StreamAppend[],
  prepared: readonly PreparedEvent[],
  inTransaction: boolean,
): Promise<Appended> {
  const ids = prepared.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) {
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    throw new InvalidOptionsError(`Expected each event of an append to have an id of its own, got "${twice}" twice.`);
  }
  const chosen = appends.flatMap(({ events }) => events.flatMap(({ options }) => options.id ?? []));
  const { rows } = await sql.query({
    name: `${names.statement}_append`,
    text: `select outcome, versions, positions, stream, expected, actual from ${names.append}($1, $2, $3, $4, $5, $6)`,
    values: [
      appends.map(({ stream }) => stream),
      appends.map(({ stream, expectedVersion }) => encodeExpected(expectedVersion, stream)),
      appends.map(({ events }) => events.length),
      `[${prepared.map(recordOf).join(',')}]`,
      chosen.length === 0 ? null : chosen,
      // The app's transaction announces when it commits; otherwise it is said beside the append, which costs it nothing.
      inTransaction,
    ],
    rowMode: 'array',
    types: storeTypes,
  });
  const [outcome, versions, positions, stream, expected, actual] = rows[0] as unknown as Answer;
  if (outcome === 'conflict') throw new ConcurrencyError(stream ?? '', decodeExpected(expected ?? 0), actual ?? 0);
  const drawn = readNumbers(positions);
  return {
    position: drawn.at(-1) ?? 0,
    positions: drawn,
    versions: readNumbers(versions),
    eventIds: ids,
    repeated: outcome === 'repeated',
  };
}

/** As the function reads it. Payload and metadata are JSON already. */
function recordOf({ id, contract, payload, dates, time, metadata, subject, encrypted }: PreparedEvent): string {
  const text = JSON.stringify;
  return (
    `{"i":${text(id)},"t":"${contract.name}","v":${contract.version},"p":${payload},"o":"${time}","m":${metadata}` +
    (dates === null ? '' : `,"d":${text(dates)}`) +
    (subject === null ? '' : `,"s":${text(subject)},"x":${text(encrypted)}`) +
    '}'
  );
}

/** `{1,2,3}` */
function readNumbers(text: string | null): number[] {
  return text === null || text === '{}' ? [] : text.slice(1, -1).split(',').map(Number);
}
