import { defineProjection, is, type ProjectionTransaction, type StoredEvent } from '../../../src/event-store/index.ts';
import { accountIdOf } from '../account-stream.ts';
import { accountClosed, accountOpened, ERASED_NAME, moneyDeposited, moneyWithdrawn, ownerErased } from '../events.ts';

interface AccountRow {
  readonly id: string;
  readonly owner_id: string;
  owner_name: string;
  readonly currency: string;
  balance: number;
  is_open: boolean;
  transaction_count: number;
  last_transaction_at: string | null;
  readonly created_at: string;
  updated_at: string;
}

interface TransactionRow {
  readonly id: string;
  readonly account_id: string;
  readonly nr: number;
  readonly type: 'deposit' | 'withdrawal' | 'transfer_in' | 'transfer_out';
  readonly amount: number;
  readonly description: string;
  readonly balance_after: number;
  readonly timestamp: string;
}

/** Accounts and their transactions. A batch reads the accounts that it touches, folds its events in memory, and writes them back. */
export const accountsProjection = defineProjection({
  name: 'accounts',
  shape: 1,
  events: [accountOpened, moneyDeposited, moneyWithdrawn, accountClosed, ownerErased],
  tables: `
    create table account (
      id text collate "C" primary key, owner_id text collate "C" not null, owner_name text not null, currency text not null,
      balance bigint not null, is_open boolean not null, transaction_count int not null,
      last_transaction_at timestamptz, created_at timestamptz not null, updated_at timestamptz not null
    );
    create index account_owner on account (owner_id, created_at, id);
    create table transaction (
      account_id text collate "C", nr int, id text not null, type text not null, amount bigint not null,
      description text not null, balance_after bigint not null, timestamp timestamptz not null,
      primary key (account_id, nr)
    )`,
  async project(events, tx) {
    const accounts = await readAccounts(events, tx);
    const transactions: TransactionRow[] = [];
    for (const event of events) {
      // What was said of a person is forgotten between what came before and what comes after.
      if (is(ownerErased, event)) {
        await write(accounts, transactions.splice(0), tx);
        await tx.query('update account set owner_name = $2, updated_at = $3 where owner_id = $1', [
          event.payload.ownerId,
          ERASED_NAME,
          event.timestamp,
        ]);
        for (const account of accounts.values()) {
          if (account.owner_id !== event.payload.ownerId) continue;
          account.owner_name = ERASED_NAME;
          account.updated_at = event.timestamp.toISOString();
        }
      } else apply(event, accounts, transactions);
    }
    await write(accounts, transactions, tx);
  },
});

function apply(event: StoredEvent, accounts: Map<string, AccountRow>, transactions: TransactionRow[]): void {
  const id = accountIdOf(event.stream);
  const at = event.timestamp.toISOString();
  if (is(accountOpened, event)) {
    const { ownerId, ownerName, initialBalance, currency } = event.payload;
    const account: AccountRow = {
      id,
      owner_id: ownerId,
      owner_name: ownerName,
      currency,
      balance: 0,
      is_open: true,
      transaction_count: 0,
      last_transaction_at: null,
      created_at: at,
      updated_at: at,
    };
    accounts.set(id, account);
    if (initialBalance > 0) move(account, event, 'deposit', initialBalance, 'Initial deposit', transactions);
    return;
  }
  const account = accounts.get(id);
  if (account === undefined) throw new Error(`Expected account ${id} to have been opened before ${event.type}.`);
  if (is(moneyDeposited, event)) {
    const { amount, description, transfer } = event.payload;
    move(account, event, transfer === undefined ? 'deposit' : 'transfer_in', amount, description, transactions);
  } else if (is(moneyWithdrawn, event)) {
    const { amount, description, transfer } = event.payload;
    move(account, event, transfer === undefined ? 'withdrawal' : 'transfer_out', amount, description, transactions);
  } else if (is(accountClosed, event)) account.is_open = false;
  account.updated_at = at;
}

function move(
  account: AccountRow,
  event: StoredEvent,
  type: TransactionRow['type'],
  amount: number,
  description: string,
  transactions: TransactionRow[],
): void {
  const timestamp = event.timestamp.toISOString();
  account.balance += type === 'deposit' || type === 'transfer_in' ? amount : -amount;
  account.transaction_count += 1;
  account.last_transaction_at = timestamp;
  transactions.push({
    id: event.id,
    account_id: account.id,
    nr: account.transaction_count,
    type,
    amount,
    description,
    balance_after: account.balance,
    timestamp,
  });
}

async function readAccounts(
  events: readonly StoredEvent[],
  tx: ProjectionTransaction,
): Promise<Map<string, AccountRow>> {
  const ids = [...new Set(events.map(({ stream }) => accountIdOf(stream)))];
  const { rows } = await tx.query<AccountRow & { readonly balance: string }>(
    'select * from account where id = any($1)',
    [ids],
  );
  return new Map(rows.map(row => [row.id, { ...row, balance: Number(row.balance) }]));
}

async function write(
  accounts: ReadonlyMap<string, AccountRow>,
  transactions: readonly TransactionRow[],
  tx: ProjectionTransaction,
): Promise<void> {
  await tx.query(
    `insert into account select * from json_populate_recordset(null::account, $1)
     on conflict (id) do update set owner_name = excluded.owner_name, balance = excluded.balance, is_open = excluded.is_open,
       transaction_count = excluded.transaction_count, last_transaction_at = excluded.last_transaction_at,
       updated_at = excluded.updated_at`,
    [JSON.stringify([...accounts.values()])],
  );
  if (transactions.length === 0) return;
  await tx.query('insert into transaction select * from json_populate_recordset(null::transaction, $1)', [
    JSON.stringify(transactions),
  ]);
}
