import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateEventStore } from '../../src/event-store/index.ts';
import { migrateOutbox } from '../../src/outbox/index.ts';
import { startProcess } from '../support/child-process.ts';
import { freshDatabase, type FreshDatabase } from '../support/engines.ts';
import { program } from '../support/programs.ts';
import { MIGRATED_NAMESPACE } from '../support/templates.ts';

const CLI = program('src/cli/main.ts');
const THREE = ['--app', program('tests/support/apps/three-queues.config.ts')];

let database: FreshDatabase;

/** Every table of ours is one number behind. */
beforeAll(async () => {
  database = await freshDatabase('migrated_engine');
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await migrateOutbox(client, MIGRATED_NAMESPACE);
  await migrateEventStore(client, MIGRATED_NAMESPACE);
  const { rows } = await client.query<{ record: string }>(
    `select format('%I.%I', schemaname, tablename) as record from pg_tables where tablename = 'shiftwork_migration'`,
  );
  for (const { record } of rows) {
    await client.query(
      `delete from ${record} r where number = (select max(number) from ${record} where part = r.part)`,
    );
  }
  await client.end();
});
afterAll(() => database.drop());

test.each([
  ['the supervisor', 'queues', program('workers/main.ts'), THREE],
  ['the relay', 'queues', CLI, ['relay', ...THREE]],
  ['the HTTP door', 'queues', CLI, ['api', ...THREE]],
  ['the dashboard', 'queues', program('dashboard/main.ts'), THREE],
  [
    'the process of projections',
    'event store',
    CLI,
    ['projections', 'run', '--app', program('examples/bank/bank.config.ts')],
  ],
])('%s says in its first line that the tables of the %s are too old, and what to do', async (_, part, file, args) => {
  const env = {
    DATABASE_URL: database.url,
    SHIFTWORK_NAMESPACE: MIGRATED_NAMESPACE,
    WORKER_PROCESSES: '1',
    API_PORT: '0',
    DASHBOARD_PORT: '0',
  };
  const started = startProcess(file, { args, env });
  try {
    const first = await started.line(/./);
    expect(first).toMatch(new RegExp(`Expected the tables of ${part} at migration \\d+, found`));
    expect(first).toContain('shiftwork migrate');
  } finally {
    started.kill('SIGKILL');
    await started.ended;
  }
});
