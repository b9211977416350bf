import { randomBytes } from 'node:crypto';
import { runMigrations } from 'bullmq';
import { Client, Pool } from 'pg';
import { schemaParts } from '../../../src/engine/postgres/queue-schema.ts';
import { migrateSchema } from '../../../src/migrations/index.ts';
import { OurTwin } from './our-twin.ts';
import type { Pair } from './run-history.ts';
import { StockTwin } from './stock-twin.ts';

const SCHEMA = 'bullmq';

export interface OpenPair extends Pair {
  /** Puts other statements in the place of ours. */
  replace(functions: string): Promise<void>;
  close(): Promise<void>;
}

/** Two databases of one server: advisory locks, which BullMQ names by the queue alone, hold for all of a database. */
export async function openPair(url: string): Promise<OpenPair> {
  const [stockUrl, oursUrl] = [await makeDatabase(url, 'stock'), await makeDatabase(url, 'ours')];
  const [stockClient, ourClient] = [await open(stockUrl), await open(oursUrl)];
  // With few rows a scan of the table looks cheaper to the server, and finds them in another order.
  await stockClient.query('SET enable_seqscan = off; SET enable_bitmapscan = off');
  const pool = new Pool({
    connectionString: oursUrl,
    max: 1,
    options: `-c search_path=${SCHEMA} -c synchronous_commit=off`,
  });
  // Where the machine is busy its server may stop before it has heard that the connection ends.
  pool.on('error', () => undefined);
  return {
    stock: new StockTwin(stockClient),
    ours: new OurTwin(ourClient, pool),
    stockClient,
    ourClient,
    replace: async functions => {
      await ourClient.query(functions);
    },
    async close() {
      await Promise.all([stockClient.end(), ourClient.end(), pool.end()]);
    },
  };
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await runMigrations(client, SCHEMA);
  await client.query(`SET search_path TO "${SCHEMA}"; SET synchronous_commit = off`);
  for (const part of schemaParts(SCHEMA)) await migrateSchema(client, part);
  return client;
}

/** Answers its URL. */
async function makeDatabase(url: string, kind: string): Promise<string> {
  const name = `twin_${kind}_${randomBytes(4).toString('hex')}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}
