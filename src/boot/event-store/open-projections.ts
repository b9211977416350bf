import {
  readNamespace,
  Environment,
  InvalidConfigError,
  readLogLevel,
  readNodeEnv,
  type Variables,
} from '../../config/index.ts';
import { openDatabase } from '../open-database.ts';
import type { App } from '../../contracts/index.ts';
import type { EventStoreDefinition, Projections } from '../../event-store/index.ts';
import { Facts } from '../../facts/index.ts';
import { awaitSchema, type SchemaOutdatedError } from '../../migrations/index.ts';

export interface OpenedProjections {
  readonly projections: Projections;
  readonly facts: Facts;
  readonly definition: EventStoreDefinition;
  eraseSubject(subject: string): Promise<number>;
  /** Waits for tables that are older than this release; calls back once where they are. */
  untilMigrated(onOutdated: (error: SchemaOutdatedError) => void, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The projections of the app's event store, in the database of this environment. */
export async function openProjections(app: App, variables: Variables): Promise<OpenedProjections> {
  const { EventStore, eventStoreOf, eventStoreSchema, Projections } = await import('../../event-store/index.ts');
  const definition = eventStoreOf(app);
  if (definition === undefined) {
    throw new InvalidConfigError(['Expected an app with an event store, found one without: name it with --app PATH.']);
  }
  const environment = new Environment(variables);
  const database = environment.url('DATABASE_URL', { protocols: ['postgres:', 'postgresql:'] })?.href;
  if (!environment.has('DATABASE_URL')) environment.required('DATABASE_URL', 'the event store, which lives there');
  const namespace = readNamespace(environment);
  readLogLevel(environment);
  readNodeEnv(environment);
  environment.check();
  // For each projection one that writes and one that reads ahead; one that listens, one to spare.
  const pool = await openDatabase(database ?? '', 2 * definition.projections.length + 2);
  const facts = new Facts();
  const store = new EventStore({ ...definition, pool, namespace, facts });
  const projections = new Projections({ store, projections: definition.projections });
  return {
    projections,
    facts,
    definition,
    eraseSubject: subject => store.eraseSubject(subject),
    untilMigrated: (onOutdated, signal) => awaitSchema(pool, eventStoreSchema(namespace), { onOutdated, signal }),
    async close() {
      await projections.stop();
      await store.settle();
      await pool.end();
    },
  };
}
