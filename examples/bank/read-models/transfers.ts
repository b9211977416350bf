import { defineProjection, is } from '../../../src/event-store/index.ts';
import { accountIdOf } from '../account-stream.ts';
import { moneyWithdrawn } from '../events.ts';

/** Transfers. One is written with its withdrawal: the deposit stands in the same append, so neither is ever there alone. */
export const transfersProjection = defineProjection({
  name: 'transfers',
  shape: 1,
  events: [moneyWithdrawn],
  tables: `
    create table transfer (
      id text collate "C" primary key, from_account_id text not null, to_account_id text not null, amount bigint not null,
      currency text not null, description text not null, timestamp timestamptz not null
    )`,
  async project(events, tx) {
    const transfers = events.flatMap(event => {
      if (!is(moneyWithdrawn, event) || event.payload.transfer === undefined) return [];
      const { amount, currency, description, transfer } = event.payload;
      return [
        {
          id: transfer.id,
          from_account_id: accountIdOf(event.stream),
          to_account_id: transfer.toAccountId,
          amount,
          currency,
          description,
          timestamp: event.timestamp.toISOString(),
        },
      ];
    });
    if (transfers.length === 0) return;
    await tx.query('insert into transfer select * from json_populate_recordset(null::transfer, $1)', [
      JSON.stringify(transfers),
    ]);
  },
});
