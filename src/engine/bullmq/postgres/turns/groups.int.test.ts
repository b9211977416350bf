import { afterAll, beforeAll } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../../../../tests/support/engines.ts';
import { groupsContract } from '../../../suites/groups.contract-suite.ts';
import { PostgresEngine } from '../../../postgres/postgres-engine.ts';

let database: FreshDatabase;
let engine: PostgresEngine;

beforeAll(async () => {
  database = await freshDatabase();
  engine = new PostgresEngine(new URL(database.url), { url: database.url, role: 'worker' });
  await engine.migrate();
});
afterAll(async () => {
  await engine.close(1_000);
  await database.drop();
});

groupsContract('PostgreSQL', async (name, limits) => {
  const stored = await engine.queue(name);
  return {
    queue: await engine.turns(name, { limits }),
    stateOf: id => stored.getJobState(id),
    close: async () => undefined,
  };
});
