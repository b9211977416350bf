import { randomUUID } from 'node:crypto';
import type { Engine } from '../../engine/index.ts';
import { storableText } from '../../privacy/index.ts';
import { openState } from '../../state/index.ts';
import { YEAR_MS } from '../../time/index.ts';
import type { ErasedCounts } from './erased.ts';

/** That somebody was erased, without who: whoever has the value and the secret can find it by the digest. */
export interface ErasureRecord {
  /** Engine time, milliseconds since 1970. */
  readonly at: number;
  readonly by: string;
  /** Names of the tags. */
  readonly tags: readonly string[];
  /** Of the tags, under the secret of then. */
  readonly digests: readonly string[];
  readonly erased: ErasedCounts;
  /** Jobs that would not end. */
  readonly left: number;
}

const ERASURES = 'erasure';
const KEPT_MS = 3 * YEAR_MS;
const BY_KEPT = 200;

export async function recordErasure(engine: Engine, record: Omit<ErasureRecord, 'at'>): Promise<void> {
  const at = Math.floor(engine.clock.now());
  const by = storableText(record.by.slice(0, BY_KEPT));
  const entry: ErasureRecord = { ...record, by, at };
  await (await openState(engine)).set(ERASURES, `${at}-${randomUUID()}`, entry, KEPT_MS);
}

/** The newest first. */
export async function readErasures(engine: Engine): Promise<readonly ErasureRecord[]> {
  const entries = await (await openState(engine)).list(ERASURES);
  return entries.flatMap(({ value }) => (isRecord(value) ? [value] : [])).toSorted((a, b) => b.at - a.at);
}

/** Another release may have written it. */
function isRecord(value: unknown): value is ErasureRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { at, by, tags, erased }: Partial<Record<keyof ErasureRecord, unknown>> = value;
  return typeof at === 'number' && typeof by === 'string' && Array.isArray(tags) && typeof erased === 'object';
}
