import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import {
  EventStore,
  Projections,
  Repository,
  type AppendOptions,
  type StreamCommand,
} from '../../src/event-store/index.ts';
import type { Facts } from '../../src/facts/index.ts';
import { account, type Account, type AccountCommand } from './account.ts';
import { streamOf } from './account-stream.ts';
import { bankEvents, bankPersonalData, ownerErased } from './events.ts';
import { accountsProjection } from './read-models/accounts.ts';
import { ownersProjection } from './read-models/owners.ts';
import { transfersProjection } from './read-models/transfers.ts';
import { RuleBroken } from './rule-broken.ts';

export const bankProjections = [accountsProjection, ownersProjection, transfersProjection] as const;

export interface Opening {
  readonly ownerId: string;
  readonly ownerName: string;
  readonly initialBalance: number;
  readonly currency: string;
}

export interface Transfer {
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly amount: number;
  readonly description: string;
}

/** The bank's commands. Each answers the position at which readers will see it. */
export class Bank {
  readonly store: EventStore;
  readonly #accounts: Repository<AccountCommand, Account>;
  /** Accounts of which a snapshot is due once their transaction is committed. */
  readonly #due = new Set<string>();

  constructor(pool: Pool, facts: Facts) {
    this.store = new EventStore({ pool, facts, events: bankEvents, personalData: bankPersonalData });
    this.#accounts = new Repository(this.store, account, { snapshots: { every: 200, shape: 1 } });
  }

  projections(options: { readonly batchSize?: number } = {}): Projections {
    return new Projections({ store: this.store, projections: bankProjections, ...options });
  }

  async open(opening: Opening, options: AppendOptions): Promise<{ accountId: string; position: number }> {
    const accountId = randomUUID();
    const { position } = await this.#accounts.execute(streamOf(accountId), { type: 'open', ...opening }, options);
    return { accountId, position };
  }

  async execute(
    accountId: string,
    command: Exclude<AccountCommand, { readonly type: 'open' }>,
    options: AppendOptions,
  ): Promise<{ position: number }> {
    const stream = streamOf(accountId);
    const { position, snapshotDue } = await this.#accounts.execute(stream, command, { ...options, retries: 20 });
    if (snapshotDue) this.#due.add(stream);
    return { position };
  }

  /** Both sides in one append: there is no moment at which money is on its way, so nothing has to be compensated. */
  async transfer(
    { fromAccountId, toAccountId, amount, description }: Transfer,
    options: AppendOptions,
  ): Promise<{ transferId: string; position: number }> {
    const id = randomUUID();
    const from = await this.#accounts.load(streamOf(fromAccountId), { tx: options.tx });
    if (from.state.status === 'none') throw new RuleBroken('unknown', 'There is no account to transfer from.');
    const { currency } = from.state;
    const sides: readonly StreamCommand<AccountCommand>[] = [
      {
        stream: streamOf(fromAccountId),
        command: { type: 'withdraw', amount, description, transfer: { id, toAccountId } },
      },
      {
        stream: streamOf(toAccountId),
        command: { type: 'deposit', amount, description, transfer: { id, fromAccountId, currency } },
      },
    ];
    const executed = await this.#accounts.executeTogether(sides, { ...options, retries: 20 });
    for (const [index, { stream }] of sides.entries()) if (executed[index]?.snapshotDue === true) this.#due.add(stream);
    return { transferId: id, position: executed[0]?.position ?? 0 };
  }

  /** After the commit of a command: long accounts are read from their snapshots. */
  async keepSnapshots(): Promise<void> {
    const due = [...this.#due];
    this.#due.clear();
    for (const stream of due) await this.#accounts.keepSnapshot(stream);
  }

  /**
   * The person's name can be read by nobody any more; what happened to the money stays. The event comes after the erasure has resolved:
   * no process writes the name into a read model behind it.
   */
  async eraseOwner(ownerId: string, options: AppendOptions): Promise<{ position: number }> {
    await this.store.eraseSubject(ownerId);
    const { position } = await this.store.append(`owner-${ownerId}`, [ownerErased({ ownerId })], {
      expectedVersion: 'any',
      ...options,
    });
    return { position };
  }
}
