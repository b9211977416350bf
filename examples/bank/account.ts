import type { EventRequest } from '../../src/contracts/index.ts';
import { defineDecider, on } from '../../src/event-store/index.ts';
import { accountClosed, accountOpened, moneyDeposited, moneyWithdrawn } from './events.ts';
import { RuleBroken } from './rule-broken.ts';

export type Account =
  | { readonly status: 'none' }
  | { readonly status: 'open'; readonly balance: number; readonly currency: string }
  | { readonly status: 'closed'; readonly balance: number; readonly currency: string };

export type AccountCommand =
  | {
      readonly type: 'open';
      readonly ownerId: string;
      readonly ownerName: string;
      readonly initialBalance: number;
      readonly currency: string;
    }
  | {
      readonly type: 'deposit';
      readonly amount: number;
      readonly description: string;
      /** Its other side must be in this currency; the account's own when left out. */
      readonly transfer?: { readonly id: string; readonly fromAccountId: string; readonly currency: string };
    }
  | {
      readonly type: 'withdraw';
      readonly amount: number;
      readonly description: string;
      readonly transfer?: { readonly id: string; readonly toAccountId: string };
    }
  | { readonly type: 'close'; readonly reason: string };

/** Above it numbers of JavaScript no longer count each unit. */
const MOST = Number.MAX_SAFE_INTEGER;

/** The rules of the bank, and nothing else. */
export const account = defineDecider<AccountCommand, Account>({
  name: 'account',
  initial: { status: 'none' },
  decide(command, state) {
    switch (command.type) {
      case 'open':
        return open(command, state);
      case 'deposit':
        return deposit(command, state);
      case 'withdraw':
        return withdraw(command, state);
      case 'close':
        return close(command, state);
      default:
        return command satisfies never;
    }
  },
  evolve: [
    on(accountOpened, (_, { payload: { initialBalance, currency } }) => ({
      status: 'open',
      balance: initialBalance,
      currency,
    })),
    on(moneyDeposited, (state, { payload }) => changed(state, payload.amount)),
    on(moneyWithdrawn, (state, { payload }) => changed(state, -payload.amount)),
    on(accountClosed, state => (state.status === 'none' ? state : { ...state, status: 'closed' })),
  ],
});

type CommandOf<Type extends AccountCommand['type']> = Extract<AccountCommand, { readonly type: Type }>;

function open(
  { ownerId, ownerName, initialBalance, currency }: CommandOf<'open'>,
  { status }: Account,
): readonly EventRequest[] {
  if (status !== 'none') throw new RuleBroken('exists', 'The account is open already.');
  return [accountOpened({ ownerId, ownerName, initialBalance, currency })];
}

function deposit({ amount, description, transfer }: CommandOf<'deposit'>, state: Account): readonly EventRequest[] {
  const { currency, balance } = opened(state);
  if (balance + amount > MOST) throw new RuleBroken('limit', 'The balance would be more than an account holds.');
  if (transfer === undefined) return [moneyDeposited({ amount, currency, description })];
  if (transfer.currency !== currency) {
    throw new RuleBroken('currency', `Expected accounts of one currency, got ${transfer.currency} and ${currency}.`);
  }
  const { id, fromAccountId } = transfer;
  return [moneyDeposited({ amount, currency, description, transfer: { id, fromAccountId } })];
}

function withdraw({ amount, description, transfer }: CommandOf<'withdraw'>, state: Account): readonly EventRequest[] {
  const { currency, balance } = opened(state);
  if (amount > balance) throw new RuleBroken('funds', 'The balance is less than the amount.');
  return [moneyWithdrawn({ amount, currency, description, ...(transfer !== undefined && { transfer }) })];
}

function close({ reason }: CommandOf<'close'>, state: Account): readonly EventRequest[] {
  const { balance } = opened(state);
  if (balance !== 0) throw new RuleBroken('balance', 'The balance must be zero before an account is closed.');
  return [accountClosed({ reason })];
}

function opened(state: Account): Extract<Account, { readonly status: 'open' }> {
  if (state.status === 'none') throw new RuleBroken('unknown', 'There is no such account.');
  if (state.status === 'closed') throw new RuleBroken('closed', 'The account is closed.');
  return state;
}

function changed(state: Account, by: number): Account {
  return state.status === 'none' ? state : { ...state, balance: state.balance + by };
}
