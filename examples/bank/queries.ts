import type { Pool } from 'pg';
import type { Projections } from '../../src/event-store/index.ts';

export interface AccountView {
  readonly id: string;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly currency: string;
  readonly balance: number;
  readonly isOpen: boolean;
  readonly transactionCount: number;
  readonly lastTransactionAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface TransactionView {
  readonly id: string;
  readonly accountId: string;
  readonly type: 'deposit' | 'withdrawal' | 'transfer_in' | 'transfer_out';
  readonly amount: number;
  readonly description: string;
  readonly balanceAfter: number;
  readonly timestamp: Date;
}

export interface TransferView {
  readonly id: string;
  readonly status: 'completed';
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly timestamp: Date;
}

export interface OwnerSummary {
  readonly accountCount: number;
  readonly totalTransactions: number;
  /** By currency: sums over currencies mean nothing. */
  readonly totalBalance: Readonly<Record<string, number>>;
}

const ACCOUNT = `id, owner_id as "ownerId", owner_name as "ownerName", currency, balance::float8, is_open as "isOpen",
  transaction_count as "transactionCount", last_transaction_at as "lastTransactionAt", created_at as "createdAt", updated_at as "updatedAt"`;

/** Answers from the read models alone. */
export class BankQueries {
  readonly #pool: Pool;
  readonly #accounts: string;
  readonly #owners: string;
  readonly #transfers: string;

  constructor(pool: Pool, projections: Projections) {
    this.#pool = pool;
    this.#accounts = projections.schemaOf('accounts');
    this.#owners = projections.schemaOf('owners');
    this.#transfers = projections.schemaOf('transfers');
  }

  async account(id: string): Promise<AccountView | undefined> {
    const { rows } = await this.#pool.query<AccountView>(
      `select ${ACCOUNT} from ${this.#accounts}.account where id = $1`,
      [id],
    );
    return rows[0];
  }

  async accountsOf(ownerId: string): Promise<readonly AccountView[]> {
    const { rows } = await this.#pool.query<AccountView>(
      `select ${ACCOUNT} from ${this.#accounts}.account where owner_id = $1 order by created_at, id limit 1000`,
      [ownerId],
    );
    return rows;
  }

  /** The oldest first, so that pages stay what they were while new ones come. */
  async transactions(accountId: string, limit: number, offset: number): Promise<readonly TransactionView[]> {
    const { rows } = await this.#pool.query<TransactionView>(
      `select id, account_id as "accountId", type, amount::float8, description, balance_after::float8 as "balanceAfter", timestamp
       from ${this.#accounts}.transaction where account_id = $1 and nr > $3 order by nr limit $2`,
      [accountId, limit, offset],
    );
    return rows;
  }

  async summary(ownerId: string): Promise<OwnerSummary> {
    const { rows } = await this.#pool.query<{
      currency: string;
      accounts: number;
      transactions: number;
      balance: number;
    }>(
      `select currency, account_count as accounts, transaction_count as transactions, balance::float8
       from ${this.#owners}.summary where owner_id = $1 order by currency`,
      [ownerId],
    );
    return {
      accountCount: rows.reduce((sum, { accounts }) => sum + accounts, 0),
      totalTransactions: rows.reduce((sum, { transactions }) => sum + transactions, 0),
      totalBalance: Object.fromEntries(rows.map(({ currency, balance }) => [currency, balance])),
    };
  }

  async transfer(id: string): Promise<TransferView | undefined> {
    const { rows } = await this.#pool.query<TransferView>(
      `select id, 'completed' as status, from_account_id as "fromAccountId", to_account_id as "toAccountId", amount::float8,
              currency, description, timestamp
       from ${this.#transfers}.transfer where id = $1`,
      [id],
    );
    return rows[0];
  }
}
