import type { StoreParts } from '../store-parts.ts';

export interface Lag {
  /** Committed behind the checkpoint; counted up to 100,000. Events that wait for an append under way are among them. */
  readonly events: number;
  /** The age of the oldest of them. */
  readonly lagMs: number;
}

const COUNTED_AT_MOST = 100_000;

export async function readLag({ pool, names }: StoreParts, checkpoint: number): Promise<Lag> {
  const { rows } = await pool.query<{ events: number; oldest: number | null }>(
    `select count(*)::int as events, (extract(epoch from clock_timestamp() - min(recorded_at)) * 1000)::float8 as oldest
     from (select recorded_at from ${names.event} where position > $1 order by position limit ${COUNTED_AT_MOST}) e`,
    [checkpoint],
  );
  return { events: rows[0]?.events ?? 0, lagMs: Math.max(0, Math.round(rows[0]?.oldest ?? 0)) };
}
