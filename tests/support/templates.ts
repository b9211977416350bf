import { Pool } from 'pg';
import { openEngine } from '../../src/engine/index.ts';
import { migrateEventStore } from '../../src/event-store/index.ts';
import { journalSchema } from '../../src/journal/index.ts';
import { migrateSchema } from '../../src/migrations/index.ts';
import { migrateOutbox } from '../../src/outbox/index.ts';

/** Databases that tests copy: with the tables of the queues, or with those of event store and outbox. */
export type Template = 'migrated_engine' | 'migrated_stores';

/** The namespace of the queues in `migrated_engine`: each copy is one installation. */
export const MIGRATED_NAMESPACE = 'tests';

/** Makes them, once for a run. Nobody is connected to them any more when it resolves. */
export async function makeTemplates(postgresUrl: string): Promise<void> {
  const admin = new Pool({ connectionString: postgresUrl, max: 1 });
  const make = async (name: Template, migrate: (url: string) => Promise<void>): Promise<void> => {
    await admin.query(`create database ${name}`);
    await migrate(Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href);
  };
  await make('migrated_engine', async url => {
    const engine = openEngine({ url, namespace: MIGRATED_NAMESPACE, role: 'producer' });
    await engine.migrate();
    await engine.close();
    // Queues in a database have their journal there.
    const pool = new Pool({ connectionString: url, max: 1 });
    await migrateSchema(pool, journalSchema(MIGRATED_NAMESPACE));
    await pool.end();
  });
  await make('migrated_stores', async url => {
    const pool = new Pool({ connectionString: url, max: 1 });
    await migrateEventStore(pool);
    await migrateOutbox(pool);
    await pool.end();
  });
  await admin.end();
}
