import { Pool, type PoolClient } from 'pg';
import { EventStore, Projections } from '../../../src/event-store/index.ts';
import { counted, noted, sumsProjection } from '../../support/event-store.ts';

/**
 * A process that runs one projection and says when it has written a batch that is not committed yet. With DIE_AT it kills itself just
 * before so many-th checkpoint is sent, whatever was sent before; with DIE_ON just before a statement that contains that text. With REBUILD it
 * builds the projection anew instead.
 */
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 6 });
pool.on('error', () => undefined);
let checkpoints = 0;
pool.on('connect', (client: PoolClient) => {
  const send = client.query.bind(client) as (...args: unknown[]) => unknown;
  Object.assign(client, {
    query: (...args: unknown[]) => {
      const dieOn = process.env['DIE_ON'] ?? '';
      if (dieOn !== '' && String(args[0]).includes(dieOn)) process.kill(process.pid, 'SIGKILL');
      if (String(args[0]).includes('set checkpoint')) {
        checkpoints += 1;
        if (checkpoints === Number(process.env['DIE_AT'])) process.kill(process.pid, 'SIGKILL');
      }
      return send(...args);
    },
  });
});
const store = new EventStore({ pool, events: [counted, noted] });
const pause = Number(process.env['PAUSE_MS'] ?? 0);
const projection = sumsProjection(async () => {
  console.log('written');
  await new Promise(resolve => setTimeout(resolve, pause));
});
const projections = new Projections({ store, projections: [projection], batchSize: 20, pollEvery: 50, lease: 300 });
await projections.prepare();
if (process.env['REBUILD'] === undefined) {
  projections.start();
  console.log('started');
} else {
  console.log(JSON.stringify(await projections.rebuild('sums')));
  await pool.end();
}
