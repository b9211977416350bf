import type { Pool } from 'pg';
import type { ListedCommand } from '../command/index.ts';
import type { Variables } from '../config/index.ts';
import type { App } from '../contracts/index.ts';
import type { OtherDeadLetters } from '../dead-letters/index.ts';
import type { Engine } from '../engine/index.ts';
import type { SchemaPart } from '../migrations/index.ts';

/** Dead letters that are no jobs, for as long as somebody looks after them. */
export interface OpenedSource {
  readonly source: OtherDeadLetters;
  close(): Promise<void>;
}

/** Where a room's tables are, and whose. */
export interface TablesContext {
  readonly app: App;
  readonly pool: Pool;
  readonly engine: Engine;
  readonly namespace: string | undefined;
}

/**
 * What a room brings to the programs that stand on all of them: the command line, `migrate`, `check`, the dead letters. Those know rooms by this
 * alone. Everything heavy in it is loaded when it is asked for.
 */
export interface Room {
  readonly name: string;
  readonly commands: Readonly<Record<string, ListedCommand>>;
  /** What it keeps in DATABASE_URL. */
  readonly tables?: {
    schema(namespace: string | undefined): Promise<SchemaPart>;
    /** Whether this app cannot do without them: else `check` says nothing of their absence. */
    needed(app: App): boolean;
    /** What comes after the tables of the part itself; answers what there is to say, a line each. */
    prepare?(context: TablesContext): Promise<readonly string[]>;
  };
  /** Throws the key of a person's data away in what it keeps; undefined where this app and this environment have none. Answers how many are erased by it. */
  readonly eraseSubject?: (app: App, variables: Variables, subject: string) => Promise<number | undefined>;
  /** Undefined where this app and this environment have none. Connects when it is looked into. */
  readonly letters?: (app: App, variables: Variables) => Promise<OpenedSource | undefined>;
}
