import { randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { Bank, bankProjections } from '../../examples/bank/bank.ts';
import { tablesOf } from '../support/event-store.ts';
import { migrateBank } from '../../examples/bank/migrate.ts';
import { RuleBroken } from '../../examples/bank/rule-broken.ts';
import { ConcurrencyError, type Projections } from '../../src/event-store/index.ts';
import { Facts } from '../../src/facts/index.ts';
import { seededRandom } from './random.ts';

export interface RandomBankOptions {
  readonly url: string;
  readonly seed: number;
  readonly writers: number;
  /** Each writer ends at whichever comes first. */
  readonly commands: number;
  readonly durationMs: number;
}

export interface RandomBankResult {
  readonly wrong: readonly string[];
  readonly commands: number;
  readonly refused: number;
  readonly conflicts: number;
  readonly events: number;
}

/**
 * Random commands from many writers on few accounts while projections run and are rebuilt, and then the questions: are versions contiguous,
 * is every event in every projection, is the sum of money what was paid in less what was paid out, does each read model equal its
 * rebuild?
 */
export async function randomBank(options: RandomBankOptions): Promise<RandomBankResult> {
  const pool = new Pool({ connectionString: options.url, max: options.writers + 8 });
  pool.on('error', () => undefined);
  try {
    await migrateBank(pool);
    const bank = new Bank(pool, new Facts());
    const projections = bank.projections({ batchSize: 50 });
    await projections.prepare();
    projections.start();
    const tally = { commands: 0, refused: 0, conflicts: 0, paidIn: 0 };
    const accounts: string[] = [];
    for (let n = 0; n < 8; n += 1) {
      accounts.push((await open(bank, n)).accountId);
      tally.paidIn += 1_000;
    }
    const endsAt = Date.now() + options.durationMs;
    const writing = Array.from({ length: options.writers }, (_, n) =>
      write({ bank, accounts, tally, random: seededRandom(options.seed * 1_000 + n), ...options, endsAt }),
    );
    const rebuilding = rebuildMeanwhile(projections, Promise.all(writing));
    await Promise.all([...writing, rebuilding]);
    const wrong = await check(pool, bank, projections, tally.paidIn);
    await projections.stop();
    wrong.push(...(await compareWithRebuild(pool, projections)));
    await bank.store.settle();
    const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${tablesOf(bank.store).event}`);
    return { wrong, ...tally, events: rows[0]?.n ?? 0 };
  } finally {
    await pool.end();
  }
}

interface Writer {
  readonly bank: Bank;
  readonly accounts: string[];
  readonly tally: { commands: number; refused: number; conflicts: number; paidIn: number };
  readonly random: () => number;
  readonly commands: number;
  readonly endsAt: number;
}

function open(bank: Bank, owner: number): Promise<{ accountId: string }> {
  return bank.open({ ownerId: `owner-${owner % 3}`, ownerName: 'O', initialBalance: 1_000, currency: 'EUR' }, {});
}

async function write({ bank, accounts, tally, random, commands, endsAt }: Writer): Promise<void> {
  const pick = (): string => accounts[Math.floor(random() * accounts.length)] ?? '';
  for (let n = 0; n < commands && Date.now() < endsAt; n += 1) {
    tally.commands += 1;
    const amount = 1 + Math.floor(random() * 400);
    const kind = random();
    try {
      if (kind < 0.5) {
        const [fromAccountId, toAccountId] = [pick(), pick()];
        if (fromAccountId === toAccountId) continue;
        await bank.transfer({ fromAccountId, toAccountId, amount, description: '' }, {});
      } else if (kind < 0.7) {
        await bank.execute(pick(), { type: 'deposit', amount, description: '' }, {});
        tally.paidIn += amount;
      } else if (kind < 0.92) {
        await bank.execute(pick(), { type: 'withdraw', amount, description: '' }, {});
        tally.paidIn -= amount;
      } else if (kind < 0.97) await bank.execute(pick(), { type: 'close', reason: randomUUID() }, {});
      else {
        accounts.push((await open(bank, n)).accountId);
        tally.paidIn += 1_000;
      }
    } catch (error) {
      if (error instanceof RuleBroken) tally.refused += 1;
      else if (error instanceof ConcurrencyError) tally.conflicts += 1;
      else throw error;
    }
  }
}

async function rebuildMeanwhile(projections: Projections, done: Promise<unknown>): Promise<void> {
  const end = { reached: false };
  void done.finally(() => (end.reached = true)).catch(() => undefined);
  while (!end.reached) {
    for (const { name } of bankProjections) await projections.rebuild(name);
  }
}

async function check(pool: Pool, bank: Bank, projections: Projections, paidIn: number): Promise<string[]> {
  const wrong: string[] = [];
  const { event } = tablesOf(bank.store);
  const one = async (text: string): Promise<Record<string, unknown>> => {
    const { rows } = await pool.query<Record<string, unknown>>(text);
    return rows[0] ?? {};
  };
  const head = await bank.store.safePosition();
  for (const { name } of bankProjections) await projections.waitFor(name, head, '60s');
  const gaps = await one(
    `select count(*)::int as n from (select stream from ${event} group by stream having max(version) <> count(*) or min(version) <> 1) g`,
  );
  if (gaps['n'] !== 0) wrong.push(`O: ${String(gaps['n'])} streams have gaps`);
  const moves = `type in ('money.deposited', 'money.withdrawn') or (type = 'account.opened' and (payload->>'initialBalance')::bigint > 0)`;
  const events = await one(
    `select count(*) filter (where ${moves})::int as moves, count(*) filter (where type = 'account.opened')::int as accounts,
            count(*) filter (where type = 'money.withdrawn' and payload->'transfer' is not null)::int as transfers from ${event}`,
  );
  const models = await one(
    `select (select count(*) from read_accounts.transaction)::int as moves, (select count(*) from read_accounts.account)::int as accounts,
            (select count(*) from read_transfers.transfer)::int as transfers`,
  );
  if (JSON.stringify(events) !== JSON.stringify(models)) {
    wrong.push(`G: the events say ${JSON.stringify(events)}, the read models ${JSON.stringify(models)}`);
  }
  const sums = await one(
    `select (select sum(balance) from read_accounts.account)::float8 as accounts, (select sum(balance) from read_owners.summary)::float8 as owners,
            (select min(balance_after) from read_accounts.transaction)::float8 as lowest`,
  );
  if (sums['accounts'] !== paidIn || sums['owners'] !== paidIn) {
    wrong.push(`money: ${paidIn} was paid in and not out, the read models have ${JSON.stringify(sums)}`);
  }
  if (Number(sums['lowest']) < 0) wrong.push('money: a balance was below zero');
  return wrong;
}

async function compareWithRebuild(pool: Pool, projections: Projections): Promise<string[]> {
  const wrong: string[] = [];
  const dump = async (): Promise<string> => {
    const tables = [
      'read_accounts.account',
      'read_accounts.transaction',
      'read_owners.owner_of',
      'read_owners.summary',
      'read_transfers.transfer',
    ];
    const texts = tables.map(async table => {
      const { rows } = await pool.query<{ line: string }>(`select t::text as line from ${table} t order by 1`);
      return rows.map(({ line }) => line).join('\n');
    });
    return (await Promise.all(texts)).join('\n\n');
  };
  const live = await dump();
  for (const { name } of bankProjections) await projections.rebuild(name);
  if ((await dump()) !== live) wrong.push('G: a rebuild is another than what was live');
  return wrong;
}
