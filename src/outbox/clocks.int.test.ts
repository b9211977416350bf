import { Pool } from 'pg';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { engineCases, freshDatabase } from '../../tests/support/engines.ts';
import { waitFor } from '../../tests/support/wait-for.ts';
import { defineJob } from '../contracts/index.ts';
import { openEngine } from '../engine/index.ts';
import { Facts } from '../facts/index.ts';
import { migrateOutbox, Outbox, Relay } from './index.ts';
import { inTransaction } from '../../tests/support/in-transaction.ts';

const greet = defineJob({ queue: 'outbox', name: 'greet', schema: z.object({}), expiresAfter: '2h' });
const TEN_MINUTES = 600_000;

function setMachine(aheadMs: number): void {
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
}

describe.each(engineCases)('the outbox with an engine on $kind', ({ open }) => {
  afterEach(() => void vi.restoreAllMocks());

  test.each([
    ['the app', TEN_MINUTES, 0],
    ['the app', -TEN_MINUTES, 0],
    ['the relay', 0, TEN_MINUTES],
    ['the relay', 0, -TEN_MINUTES],
  ])('a job is as old as its entry, where the clock of %s is wrong (%i ms, %i ms)', async (_who, appMs, relayMs) => {
    const [place, database] = await Promise.all([open(), freshDatabase('migrated_stores')]);
    const pool = new Pool({ connectionString: database.url, max: 8 });
    pool.on('error', () => undefined);
    const engine = openEngine({ ...place, role: 'producer' });
    const writtenAt = Date.now();
    try {
      await Promise.all([engine.migrate(), migrateOutbox(pool)]);
      setMachine(appMs);
      const { id } = await inTransaction(pool, tx => new Outbox().enqueue(tx, greet, {}, { delay: '1h' }));
      vi.restoreAllMocks();
      setMachine(relayMs);
      const relay = new Relay({ pool, engine, facts: new Facts(), pollEveryMs: 100 });
      relay.start();
      const queue = await engine.queue('outbox');
      const job = await waitFor('the job', () => queue.getJob(id));
      await relay.stop();
      vi.restoreAllMocks();
      expect(job.timestamp).toBeGreaterThanOrEqual(writtenAt - TEN_MINUTES / 2);
      expect(job.timestamp).toBeLessThanOrEqual(Date.now() + TEN_MINUTES / 2);
      expect(await job.getState()).toBe('delayed');
    } finally {
      await engine.close();
      await pool.end();
      await Promise.all([place.cleanup(), database.drop()]);
    }
  });
});
