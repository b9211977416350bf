import { once } from 'node:events';
import { Pool, type PoolClient } from 'pg';
import { Bank } from '../../../examples/bank/bank.ts';
import { createBank } from '../../../examples/bank/create-bank.ts';
import { Facts } from '../../../src/facts/index.ts';

/**
 * A bank that kills itself at one statement of its first request: DIE_AT counts from 1, DIE is `before` it is sent or `sent`, when the
 * server may do it and nobody hears the answer. Prints its port, and after each request how many statements there were.
 */
const dieAt = Number(process.env['DIE_AT'] ?? 0);
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 5 });
pool.on('error', () => undefined);
let statements = 0;
pool.on('connect', (client: PoolClient) => {
  const send = client.query.bind(client) as (...args: unknown[]) => unknown;
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  Object.assign(client, {
    query: (...args: unknown[]) => {
      statements += 1;
      if (statements !== dieAt) return send(...args);
      if (process.env['DIE'] === 'before') die();
      const result = send(...args);
      setImmediate(die);
      return result;
    },
  });
});
const bank = new Bank(pool, new Facts());
const app = createBank({ bank, projections: bank.projections(), pool, onError: error => console.error(error) });
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
server.on('request', (_, response) => response.on('finish', () => console.log(`statements ${statements}`)));
const address = server.address();
if (address !== null && typeof address !== 'string') console.log(`port ${address.port}`);
