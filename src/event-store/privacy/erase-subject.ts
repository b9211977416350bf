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

/** Throws a person's key away, and the snapshots of the streams that hold what was encrypted with it. @throws InvalidOptionsError */
export async function eraseSubject({ pool, names, vault }: ErasureParts, subject: string): Promise<void> {
  await recordErasure(pool, names.subjectKey, requireIdText(subject, 'the subject to erase'));
  await vault.erase(subject);
  await pool.query(
    `delete from ${names.snapshot} where stream in (select stream from ${names.event} where subject = $1)`,
    [subject],
  );
}
