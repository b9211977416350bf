import type { StoreNames } from '../schema/names.ts';
import type { Generation } from './projection.ts';
import type { TextSql } from '../schema/sql.ts';

/** The right to write a projection. Each owner has a higher token than the one before; a write with an old one is refused. */
export interface Lease {
  readonly token: number;
  readonly checkpoint: number;
  readonly shape: number;
  readonly stoppedAt: number | undefined;
  readonly stoppedBecause: string | undefined;
}

export interface LeaseRequest {
  readonly name: string;
  readonly generation: Generation;
  readonly owner: string;
  readonly leaseMs: number;
}

/** Takes the lease when nobody holds it any more. Undefined while somebody does, or where there is no such projection. */
export async function acquireLease(sql: TextSql, names: StoreNames, request: LeaseRequest): Promise<Lease | undefined> {
  const { name, generation, owner, leaseMs } = request;
  const { rows } = await sql.query(
    `update ${names.projection}
     set owner = $3, token = token + 1, lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where name = $1 and generation = $2 and (lease_until is null or lease_until < clock_timestamp() or owner = $3)
     returning token::float8, checkpoint::float8, shape, stopped_at::float8, stopped_because`,
    [name, generation, owner, leaseMs],
  );
  const [row] = rows as {
    token: number;
    checkpoint: number;
    shape: number;
    stopped_at: number | null;
    stopped_because: string | null;
  }[];
  if (row === undefined) return undefined;
  return {
    token: row.token,
    checkpoint: row.checkpoint,
    shape: row.shape,
    stoppedAt: row.stopped_at ?? undefined,
    stoppedBecause: row.stopped_because ?? undefined,
  };
}

/** False when another has it by now. */
export async function renewLease(
  sql: TextSql,
  names: StoreNames,
  { name, generation, leaseMs }: LeaseRequest,
  token: number,
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `update ${names.projection} set lease_until = clock_timestamp() + $4 * interval '1 millisecond'
     where name = $1 and generation = $2 and token = $3`,
    [name, generation, token, leaseMs],
  );
  return rowCount === 1;
}

/** So that another need not wait for its end. */
export async function releaseLease(
  sql: TextSql,
  names: StoreNames,
  { name, generation }: LeaseRequest,
  token: number,
): Promise<void> {
  await sql.query(
    `update ${names.projection} set lease_until = null, owner = null where name = $1 and generation = $2 and token = $3`,
    [name, generation, token],
  );
}
