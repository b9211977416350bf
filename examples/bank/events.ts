import { z } from 'zod';
import { defineEvent } from '../../src/contracts/index.ts';
import { personalData } from '../../src/event-store/index.ts';

/** Minor units, such as cents: floating point loses money. */
export const amount = z.int().min(1).max(1_000_000_000_000);
export const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'expected a currency of three capital letters' });
const description = z.string().max(200);

/**
 * Version 1 knew no currency and no name. Both are facts that were true of every account by then: all of them were kept in euros, and
 * nobody had given a name.
 */
export const accountOpened = defineEvent('account.opened', {
  version: 2,
  schema: z.object({
    ownerId: z.string(),
    ownerName: z.string(),
    initialBalance: z.int().min(0),
    currency,
  }),
  upgrade: { 1: old => ({ currency: 'EUR', ownerName: 'Unknown', ...(old as object) }) },
  sensitive: ['ownerName'],
});

export const moneyDeposited = defineEvent('money.deposited', {
  schema: z.object({
    amount,
    currency,
    description,
    transfer: z.object({ id: z.string(), fromAccountId: z.string() }).optional(),
  }),
});

export const moneyWithdrawn = defineEvent('money.withdrawn', {
  schema: z.object({
    amount,
    currency,
    description,
    transfer: z.object({ id: z.string(), toAccountId: z.string() }).optional(),
  }),
});

export const accountClosed = defineEvent('account.closed', { schema: z.object({ reason: z.string() }) });

/** The key of that person is gone: read models forget the name. */
export const ownerErased = defineEvent('owner.erased', { schema: z.object({ ownerId: z.string() }) });

export const ERASED_NAME = 'Erased';

export const bankEvents = [accountOpened, moneyDeposited, moneyWithdrawn, accountClosed, ownerErased] as const;

/** The name is encrypted with its owner's key. */
export const bankPersonalData = [
  personalData(accountOpened, { subject: ({ ownerId }) => ownerId, erased: { ownerName: ERASED_NAME } }),
];
