import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Facts } from '../../src/facts/index.ts';
import { startProcess, type TestProcess } from '../../tests/support/child-process.ts';
import { program } from '../../tests/support/programs.ts';
import { tablesOf } from '../../tests/support/event-store.ts';
import { freshDatabase, type FreshDatabase } from '../../tests/support/engines.ts';
import { Bank } from './bank.ts';
import { migrateBank } from './migrate.ts';

const DYING_BANK = program('tests/support/apps/dying-bank.ts');

let database: FreshDatabase;
let pool: Pool;
let bank: Bank;
let healthy: TestProcess;

beforeAll(async () => {
  database = await freshDatabase();
  pool = new Pool({ connectionString: database.url, max: 10 });
  pool.on('error', () => undefined);
  await migrateBank(pool);
  bank = new Bank(pool, new Facts());
  healthy = start();
});
afterAll(async () => {
  healthy.kill('SIGKILL');
  await healthy.ended;
  await bank.store.settle();
  await pool.end();
  await database.drop();
});

function start(env: Readonly<Record<string, string>> = {}): TestProcess {
  return startProcess(DYING_BANK, { env: { DATABASE_URL: database.url, ...env } });
}

interface Asked {
  readonly from: string;
  readonly to: string;
}

/** Undefined when the bank died before it answered. */
async function transfer(through: TestProcess, { from, to }: Asked): Promise<number | undefined> {
  const port = (await through.line(/^port /)).slice('port '.length);
  const headers = { 'content-type': 'application/json', 'idempotency-key': `move-${from}` };
  const body = JSON.stringify({ fromAccountId: from, toAccountId: to, amount: 10 });
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/transfers`, { method: 'POST', headers, body });
    await answer.text();
    return answer.status;
  } catch {
    return undefined;
  }
}

async function twoAccounts(): Promise<Asked> {
  const opening = { ownerId: 'ada', ownerName: 'Ada', currency: 'EUR' };
  const { accountId: from } = await bank.open({ ...opening, initialBalance: 1_000 }, {});
  const { accountId: to } = await bank.open({ ...opening, initialBalance: 0 }, {});
  return { from, to };
}

/** What the events say, both accounts in one statement: as one moment shows them. */
async function balances({ from, to }: Asked): Promise<readonly [number, number]> {
  const { rows } = await pool.query<{ stream: string; balance: number }>(
    `select stream, sum(case type when 'account.opened' then (payload->>'initialBalance')::int
       when 'money.deposited' then (payload->>'amount')::int else -(payload->>'amount')::int end)::int as balance
     from ${tablesOf(bank.store).event} where stream = any($1) group by stream`,
    [[`account-${from}`, `account-${to}`]],
  );
  const of = (id: string): number => rows.find(({ stream }) => stream === `account-${id}`)?.balance ?? Number.NaN;
  return [of(from), of(to)];
}

async function killedAt(step: number, die: 'before' | 'sent'): Promise<void> {
  const accounts = await twoAccounts();
  const dying = start({ DIE_AT: String(step), DIE: die });
  expect([step, die, await transfer(dying, accounts)]).toEqual([step, die, undefined]);
  expect(await dying.ended).toBe('SIGKILL');
  // Before the commit is sent nothing can have happened.
  const possible =
    die === 'before'
      ? [[1_000, 0]]
      : [
          [1_000, 0],
          [990, 10],
        ];
  expect(possible).toContainEqual(await balances(accounts));
  // Who got no answer asks again, with the same key.
  expect(await transfer(healthy, accounts)).toBe(202);
  expect(await balances(accounts)).toEqual([990, 10]);
}

test('a transfer whose process is killed at any statement moves all of the money or none, and asked again it moves it once', async () => {
  const accounts = await twoAccounts();
  const whole = start();
  expect(await transfer(whole, accounts)).toBe(202);
  const steps = Number((await whole.line(/^statements /)).slice('statements '.length));
  whole.kill('SIGKILL');
  // Begin, the key, what each account is like, the append, the answer, the commit.
  expect(steps).toBeGreaterThanOrEqual(7);
  // Before each statement is sent, and when the last, the commit, was sent and its answer not heard.
  const deaths = [...Array.from({ length: steps }, (_, n) => [n + 1, 'before'] as const), [steps, 'sent'] as const];
  const next = deaths.values();
  const work = async (): Promise<void> => {
    for (const [step, die] of next) await killedAt(step, die);
  };
  await Promise.all([work(), work(), work()]);
});
