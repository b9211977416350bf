import { afterAll, beforeAll } from 'vitest';
import { freshDatabase, type FreshDatabase } from '../../../../../tests/support/engines.ts';
import { groupsContract, type OpenGroupedQueue } from '../../../suites/groups.contract-suite.ts';
import { heldEndsContract } from '../../../suites/held-ends.contract-suite.ts';
import type { GroupLimit } from '../../../turns/index.ts';
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

async function open(name: string, limits: readonly GroupLimit[] | undefined): Promise<OpenGroupedQueue> {
  const stored = await engine.queue(name);
  return {
    queue: await engine.turns(name, { limits }),
    stateOf: id => stored.getJobState(id),
    mark: async (id, progress) => (await stored.getJob(id))?.updateProgress(progress),
    close: async () => undefined,
  };
}

groupsContract('PostgreSQL', open);
heldEndsContract('PostgreSQL', open);
