import { Pool } from 'pg';
import { expect, onTestFinished, test, vi } from 'vitest';
import { note } from '../../../tests/faults/app/outbox.config.ts';
import { freshDatabase, namespace } from '../../../tests/support/engines.ts';
import { waitFor } from '../../../tests/support/wait-for.ts';
import { Facts } from '../../facts/index.ts';
import { migrateOutbox, Outbox, readOutboxStatus } from '../../outbox/index.ts';
import { recordOutboxEnds } from './record-outbox-ends.ts';
import { inTransaction } from '../../../tests/support/in-transaction.ts';

const ENDED = { jobName: 'note', queue: 'notes', correlationId: 'c', attempt: 1, worker: 'w', ranMs: 1, waitedMs: 1 };

test('blanks around the variables do not keep ends from being recorded: all other readers drop them', async () => {
  const database = await freshDatabase();
  const pool = new Pool({ connectionString: database.url });
  onTestFinished(async () => {
    await pool.end();
    await database.drop();
  });
  const space = namespace();
  await migrateOutbox(pool, space);
  const outbox = new Outbox({ namespace: space });
  const { id } = await inTransaction(pool, tx => outbox.enqueue(tx, note, { key: 'k' }));
  const pending = async (): Promise<number> => (await readOutboxStatus(pool, space)).pending;
  expect(await pending()).toBe(1);
  const facts = new Facts();
  const failed = vi.fn<(error: unknown) => void>();
  const variables = { DATABASE_URL: ` ${database.url} `, SHIFTWORK_NAMESPACE: `${space} ` };
  const recorder = await recordOutboxEnds(facts, variables, failed);
  onTestFinished(() => recorder?.close(500));
  facts.emit('job.succeeded', { ...ENDED, jobId: id });
  await waitFor('the end to be recorded', async () => (await pending()) === 0);
  expect(failed).not.toHaveBeenCalled();
});

test('a recorder that cannot be made is told of, once', async () => {
  const failed = vi.fn<(error: unknown) => void>();
  const variables = { DATABASE_URL: 'postgres://127.0.0.1:1/x', SHIFTWORK_NAMESPACE: 'a b' };
  await expect(recordOutboxEnds(new Facts(), variables, failed)).resolves.toBeUndefined();
  expect(failed).toHaveBeenCalledOnce();
  await expect(recordOutboxEnds(new Facts(), { DATABASE_URL: ' ' }, failed)).resolves.toBeUndefined();
  expect(failed).toHaveBeenCalledOnce();
});
