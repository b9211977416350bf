import { defineProjection, is } from '../../../src/event-store/index.ts';
import { accountIdOf } from '../account-stream.ts';
import { accountOpened, moneyDeposited, moneyWithdrawn } from '../events.ts';

interface Change {
  readonly account_id: string;
  accounts: number;
  transactions: number;
  balance: number;
}

/** What each owner has, for each currency. Only sums are written: a batch costs two statements, however many events it has. */
export const ownersProjection = defineProjection({
  name: 'owners',
  shape: 1,
  events: [accountOpened, moneyDeposited, moneyWithdrawn],
  tables: `
    create table owner_of (
      account_id text collate "C" primary key, owner_id text collate "C" not null, currency text collate "C" not null
    );
    create table summary (
      owner_id text collate "C", currency text collate "C", account_count int not null, transaction_count int not null,
      balance numeric not null, primary key (owner_id, currency)
    )`,
  async project(events, tx) {
    const opened: object[] = [];
    const changes = new Map<string, Change>();
    const change = (stream: string): Change => {
      const account_id = accountIdOf(stream);
      const known = changes.get(account_id) ?? { account_id, accounts: 0, transactions: 0, balance: 0 };
      changes.set(account_id, known);
      return known;
    };
    const move = (stream: string, by: number): void => {
      const sum = change(stream);
      sum.balance += by;
      sum.transactions += 1;
    };
    for (const event of events) {
      const { stream } = event;
      if (is(accountOpened, event)) {
        const { ownerId, currency, initialBalance } = event.payload;
        opened.push({ account_id: accountIdOf(stream), owner_id: ownerId, currency });
        change(stream).accounts += 1;
        if (initialBalance > 0) move(stream, initialBalance);
      } else if (is(moneyDeposited, event)) move(stream, event.payload.amount);
      else if (is(moneyWithdrawn, event)) move(stream, -event.payload.amount);
    }
    if (opened.length > 0) {
      await tx.query('insert into owner_of select * from json_populate_recordset(null::owner_of, $1)', [
        JSON.stringify(opened),
      ]);
    }
    await tx.query(
      `insert into summary as s
       select o.owner_id, o.currency, sum(c.accounts), sum(c.transactions), sum(c.balance)
       from json_to_recordset($1) as c (account_id text, accounts int, transactions int, balance bigint)
       join owner_of o using (account_id) group by o.owner_id, o.currency
       on conflict (owner_id, currency) do update set account_count = s.account_count + excluded.account_count,
         transaction_count = s.transaction_count + excluded.transaction_count, balance = s.balance + excluded.balance`,
      [JSON.stringify([...changes.values()])],
    );
  },
});
