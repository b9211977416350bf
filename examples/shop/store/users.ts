import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { Digests } from './digests.ts';
import { inTransaction } from './transaction.ts';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

export interface UserChanges {
  readonly email?: string;
  readonly name?: string;
}

export interface UserStore {
  /**
   * The new user, or the one who has that address already. `onNew` writes what must be there with a new one, in the same transaction:
   * when it rejects, there is no user either.
   */
  signUp(
    user: { readonly email: string; readonly name: string },
    onNew: (tx: PoolClient, user: User) => Promise<void>,
  ): Promise<User>;
  /**
   * The user as they are now; undefined where there is none of that id. `onChange` writes, in the same transaction, what follows from
   * what really changed; nothing changed, nothing follows.
   */
  update(
    id: string,
    changes: UserChanges,
    onChange: (tx: PoolClient, user: User, changed: UserChanges) => Promise<void>,
  ): Promise<User | undefined>;
  /** A token for a reset link, good for nothing where there is no such user; undefined: asked for too often. */
  beginReset(email: string): Promise<string | undefined>;
  /** As if it had never been asked for. */
  dropReset(token: string): Promise<void>;
}

interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly created_at: Date;
}

const RESETS_AN_HOUR = 5;

export function createUserStore(pool: Pool, digests: Digests): UserStore {
  return {
    async signUp({ email, name }, onNew) {
      return inTransaction(pool, async tx => {
        const { rows: added } = await tx.query<UserRow>(
          `insert into shop_users (id, email, name) values ($1, $2, $3) on conflict (lower(email)) do nothing
           returning id, email, name, created_at`,
          [`user-${randomUUID()}`, email, name],
        );
        const [row] = added;
        if (row !== undefined) {
          const user = userOf(row);
          await onNew(tx, user);
          return user;
        }
        const { rows: known } = await tx.query<UserRow>(
          'select id, email, name, created_at from shop_users where lower(email) = lower($1)',
          [email],
        );
        const [first] = known;
        if (first === undefined) throw new Error('The user that was just stored is not there.');
        return userOf(first);
      });
    },
    async update(id, { email, name }, onChange) {
      return inTransaction(pool, async tx => {
        // Locked: what changed is told from what is there, whoever else changes it now.
        const { rows: found } = await tx.query<UserRow>(
          'select id, email, name, created_at from shop_users where id = $1 for update',
          [id],
        );
        const [row] = found;
        if (row === undefined) return undefined;
        const before = userOf(row);
        const after: User = { ...before, email: email ?? before.email, name: name ?? before.name };
        const changed: UserChanges = {
          ...(after.email !== before.email && { email: after.email }),
          ...(after.name !== before.name && { name: after.name }),
        };
        if (Object.keys(changed).length === 0) return before;
        await tx.query('update shop_users set email = $2, name = $3 where id = $1', [id, after.email, after.name]);
        await onChange(tx, after, changed);
        return after;
      });
    },
    async beginReset(email) {
      const token = randomBytes(32).toString('base64url');
      const askedFor = (await digests()).of('key', JSON.stringify(['reset', email.toLowerCase()]));
      // The token itself is in the mail alone.
      const { rowCount } = await pool.query(
        `insert into shop_password_resets (token_hash, asked_for, user_id)
         select $1, $2, (select id from shop_users where lower(email) = lower($3))
         where (select count(*) from shop_password_resets
                where asked_for = $2 and created_at > now() - interval '1 hour') < $4`,
        [sha256(token), askedFor, email, RESETS_AN_HOUR],
      );
      return rowCount === 1 ? token : undefined;
    },
    async dropReset(token) {
      await pool.query('delete from shop_password_resets where token_hash = $1', [sha256(token)]);
    },
  };
}

function userOf({ id, email, name, created_at }: UserRow): User {
  return { id, email, name, createdAt: created_at.toISOString() };
}

/** Of what is random: nobody can guess it. */
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
