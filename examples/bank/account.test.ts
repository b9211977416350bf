import { describe, expect, test } from 'vitest';
import { given } from '../../src/event-store/index.ts';
import { account } from './account.ts';
import { accountClosed, accountOpened, moneyDeposited, moneyWithdrawn } from './events.ts';
import { RuleBroken } from './rule-broken.ts';

const opened = accountOpened({ ownerId: 'ada', ownerName: 'Ada', initialBalance: 100, currency: 'EUR' });
const closed = accountClosed({ reason: 'moved' });
const all = moneyWithdrawn({ amount: 100, currency: 'EUR', description: '' });
const to = { id: 't', toAccountId: 'b' };
const from = { id: 't', fromAccountId: 'a', currency: 'EUR' };

describe('an account', () => {
  test.each([
    ['opens', [], { type: 'open', ownerId: 'ada', ownerName: 'Ada', initialBalance: 100, currency: 'EUR' }, opened],
    [
      'takes a deposit in its own currency',
      [opened],
      { type: 'deposit', amount: 5, description: 'x' },
      moneyDeposited({ amount: 5, currency: 'EUR', description: 'x' }),
    ],
    ['gives out all that is there', [opened], { type: 'withdraw', amount: 100, description: '' }, all],
    [
      'sends a transfer',
      [opened],
      { type: 'withdraw', amount: 1, description: '', transfer: to },
      moneyWithdrawn({ amount: 1, currency: 'EUR', description: '', transfer: to }),
    ],
    [
      'receives a transfer',
      [opened],
      { type: 'deposit', amount: 1, description: '', transfer: from },
      moneyDeposited({ amount: 1, currency: 'EUR', description: '', transfer: { id: 't', fromAccountId: 'a' } }),
    ],
    ['closes when nothing is left', [opened, all], { type: 'close', reason: 'moved' }, closed],
  ] as const)('%s', (_, history, command, event) => {
    expect(() =>
      given(account, ...history)
        .when(command)
        .thenHappens(event),
    ).not.toThrow();
  });

  test.each([
    [
      'opened twice',
      [opened],
      { type: 'open', ownerId: 'a', ownerName: 'A', initialBalance: 0, currency: 'EUR' },
      'open already',
    ],
    ['asked for more than it has', [opened], { type: 'withdraw', amount: 101, description: '' }, 'less than'],
    ['closed with money on it', [opened], { type: 'close', reason: '' }, 'must be zero'],
    ['closed twice', [opened, all, closed], { type: 'close', reason: '' }, 'is closed'],
    ['used when closed', [opened, all, closed], { type: 'deposit', amount: 1, description: '' }, 'is closed'],
    ['used before it is there', [], { type: 'deposit', amount: 1, description: '' }, 'no such account'],
    [
      'sent another currency',
      [opened],
      { type: 'deposit', amount: 1, description: '', transfer: { ...from, currency: 'USD' } },
      'one currency',
    ],
    [
      'filled beyond what numbers count',
      [accountOpened({ ownerId: 'a', ownerName: 'A', initialBalance: Number.MAX_SAFE_INTEGER, currency: 'EUR' })],
      { type: 'deposit', amount: 1, description: '' },
      'more than an account holds',
    ],
  ] as const)('refuses to be %s', (_, history, command, why) => {
    const when = given(account, ...history).when(command);
    expect(() => when.thenRefuses(RuleBroken)).not.toThrow();
    expect(() => when.thenRefuses(why)).not.toThrow();
  });
});
