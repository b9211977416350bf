import type { Pool } from 'pg';
import { requireIdText } from '../schema/id-text.ts';
import type { StoreNames } from '../schema/names.ts';
import { recordErasure } from './key-ring.ts';
import type { PersonalDataVault } from './personal-data.ts';

export interface ErasureParts {
  readonly pool: Pool;
  readonly names: StoreNames;
  readonly vault: PersonalDataVault;
}

/**
 * Throws a person's key away, and the snapshots of the streams that hold what was encrypted with it. Answers how many events nobody can read whole any
 * more; a repeat answers none. @throws InvalidOptionsError
 */
export async function eraseSubject({ pool, names, vault }: ErasureParts, subject: string): Promise<number> {
  const whom = requireIdText(subject, 'the subject to erase');
  const { rowCount } = await pool.query(
    `select from ${names.subjectKey} where subject = $1 and erased_at is not null`,
    [whom],
  );
  const isRepeat = rowCount === 1;
  await recordErasure(pool, names.subjectKey, whom);
  await vault.erase(whom);
  await pool.query(
    `delete from ${names.snapshot} where stream in (select stream from ${names.event} where subject = $1)`,
    [whom],
  );
  if (isRepeat) return 0;
  const { rows } = await pool.query<{ n: number }>(`select count(*)::int as n from ${names.event} where subject = $1`, [
    whom,
  ]);
  return rows[0]?.n ?? 0;
}
