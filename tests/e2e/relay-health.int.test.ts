import { Pool } from 'pg';
import { afterEach, expect, test } from 'vitest';
import { migrateOutbox, Outbox } from '../../src/outbox/index.ts';
import { note, noteThing, thingHappened } from '../faults/app/outbox.config.ts';
import { startProcess } from '../support/child-process.ts';
import { program } from '../support/programs.ts';
import { freshDatabase, namespace, redisUrl } from '../support/engines.ts';
import { parseExposition } from '../support/exposition.ts';
import { waitFor } from '../support/wait-for.ts';
import { inTransaction } from '../support/in-transaction.ts';

const CLI = program('src/cli/main.ts');
const APP = program('tests/faults/app/outbox.config.ts');

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('a relay says whether it works, and counts what it has sent, published and reacted to', async () => {
  const database = await freshDatabase();
  cleanups.push(() => database.drop());
  const space = namespace();
  const pool = new Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  cleanups.push(() => pool.end());
  await migrateOutbox(pool, space);
  const outbox = new Outbox({ namespace: space });
  await inTransaction(pool, async tx => {
    await outbox.enqueue(tx, note, { key: 'one' });
    await outbox.publish(tx, thingHappened({ key: 'two' }), { reactions: [noteThing] });
  });

  const relay = startProcess(CLI, {
    args: ['relay', '--app', APP],
    env: {
      REDIS_URL: redisUrl(),
      DATABASE_URL: database.url,
      SHIFTWORK_NAMESPACE: space,
      NOTES: '/dev/null',
      RELAY_PORT: '0',
    },
  });
  cleanups.push(async () => {
    relay.kill('SIGKILL');
    await relay.ended;
  });
  const line = await relay.line(/health and metrics are served/);
  const url = (JSON.parse(line) as { url: string }).url.replace('localhost', '127.0.0.1');
  const type = { event_type: 'thing.happened' };
  await waitFor('the relay to have done its work', async () => {
    const { value } = parseExposition(await (await fetch(`${url}/metrics`)).text());
    const relayed = value('shiftwork_outbox_relayed_total', { kind: 'job' });
    const handled = value('events_processed_total', { ...type, status: 'handled' });
    return relayed === 2 && handled === 1;
  });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  relay.kill('SIGTERM');
  expect(await relay.ended).toBe(0);
});
