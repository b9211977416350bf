import { createHash } from 'node:crypto';
import { InvalidContractError } from '../contracts/index.ts';

/** One step of a part's schema. Once released its text never changes: what must change comes as the next number. */
export interface Migration {
  /** What it brings, in a few words: `migrate` prints it. */
  readonly name: string;
  /** Statements with qualified names or under the part's search path. The first of a part can be run on what the release before it made by hand. */
  readonly up: string;
}

/** What one room keeps in a database. */
export interface SchemaPart {
  /** Such as `outbox`; the key of its record. */
  readonly part: string;
  /** The PostgreSQL schema that holds its tables, and the record; made where it is missing. The first of the connection's search path when left out. */
  readonly schema?: string;
  /** In order: the first has the number 1. */
  readonly migrations: readonly Migration[];
  /**
   * Functions as they are now (`create or replace`): run again at each migration, so a changed body needs no number. A digest of every text that
   * was run is on record: a process of a release whose functions never were there finds that out.
   */
  readonly functions?: string;
}

const QUOTE = '$migration$';

/**
 * One text for all of it, so that one call to a pool is one transaction: the lock makes a second one at the same time wait, and a number that
 * has been run meanwhile is passed over.
 */
export function migrationText({ part, schema, migrations, functions }: SchemaPart): string {
  const record = recordOf(schema);
  const steps = migrations.map(({ name, up }, index) => {
    if (up.includes(QUOTE)) throw new InvalidContractError(`The migration "${name}" of ${part} contains ${QUOTE}.`);
    const number = index + 1;
    return `
      do ${QUOTE} begin
        if not exists (select from ${record} where part = ${literal(part)} and number = ${number}) then
          ${up.trim().replace(/;$/, '')};
          insert into ${record} (part, number, name) values (${literal(part)}, ${number}, ${literal(name)});
        end if;
      end ${QUOTE};`;
  });
  return `
    begin;
    select pg_advisory_xact_lock(hashtext(${literal(`shiftwork migration of ${part} in ${schema ?? ''}`)}));
    -- What this session remembers of the catalog may be older than the lock; to read of it brings that up to date.
    select from pg_catalog.pg_namespace limit 0;
    ${schema === undefined ? '' : `create schema if not exists "${schema}"; set local search_path to "${schema}";`}
    create table if not exists ${record} (
      part text not null,
      number int not null,
      name text not null,
      applied_at timestamptz not null default now(),
      primary key (part, number)
    );
    ${steps.join('\n')}
    ${functions === undefined ? '' : functionsText(part, record, functions)}
    commit;`;
}

function functionsText(part: string, record: string, functions: string): string {
  const name = literal(functionsOf(part));
  return `
    ${functions}
    ;
    insert into ${record} (part, number, name)
    select ${name}, coalesce(max(number), 0) + 1, ${literal(digestOf(functions))} from ${record} where part = ${name}
    having bool_or(name = ${literal(digestOf(functions))}) is not true;`;
}

/** Under which name a part's functions are on record. */
export function functionsOf(part: string): string {
  return `${part} functions`;
}

export function digestOf(functions: string): string {
  return createHash('sha256').update(functions).digest('hex').slice(0, 16);
}

/** Where a schema's migrations are on record. */
export function recordOf(schema: string | undefined): string {
  return schema === undefined ? 'shiftwork_migration' : `"${schema}".shiftwork_migration`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
