import { Pool } from 'pg';
import { runHandler } from '../../../src/testing/index.ts';
import { dieAtStatement } from './die-at-statement.ts';
import { openBanks, type Payment } from './payments.ts';

/** Settles the payment in PAYMENT as the job JOB_ID does, and kills itself at the statement DIE_AT; else prints how many there were. */
const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 5 });
pool.on('error', () => undefined);
const statements = dieAtStatement(pool, Number(process.env['DIE_AT']), process.env['DIE']);
const jobId = process.env['JOB_ID'] ?? '';
const payment = JSON.parse(process.env['PAYMENT'] ?? '{}') as Payment;
const { settle } = openBanks(pool);
const outcome = await runHandler(settle, payment, { run: { jobId, effectId: jobId } });
console.log(`${outcome.kind} after ${statements()} statements`);
process.exit(0);
