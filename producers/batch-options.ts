import type { EnqueueOptions } from '../src/contracts/index.ts';

/** Options that fit many jobs at once: one idempotency key cannot stand for several, nor one list of fields for batches of events. */
export type BatchOptions = Omit<EnqueueOptions, 'idempotencyKey' | 'generated'>;
