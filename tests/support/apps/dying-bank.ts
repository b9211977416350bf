import { once } from 'node:events';
import { Pool } from 'pg';
import { Bank } from '../../../examples/bank/bank.ts';
import { createBank } from '../../../examples/bank/create-bank.ts';
import { Facts } from '../../../src/facts/index.ts';
import { dieAtStatement } from './die-at-statement.ts';

/**
 * A bank that kills itself at one statement of its first request: DIE_AT counts from 1, DIE is `before` it is sent or `sent`, when the
 * server may do it and nobody hears the answer. Prints its port, and after each request how many statements there were.
 */
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 5 });
pool.on('error', () => undefined);
const statements = dieAtStatement(pool, Number(process.env['DIE_AT'] ?? 0), process.env['DIE']);
const bank = new Bank(pool, new Facts());
const app = createBank({ bank, projections: bank.projections(), pool, onError: error => console.error(error) });
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');
server.on('request', (_, response) => response.on('finish', () => console.log(`statements ${statements()}`)));
const address = server.address();
if (address !== null && typeof address !== 'string') console.log(`port ${address.port}`);
