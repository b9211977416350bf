import type { DeadReason } from '../../facts/index.ts';

/** What became of one run. Closed: `settle` turns each into what BullMQ knows. */
export type Settlement =
  | { readonly kind: 'succeeded'; readonly result: unknown }
  | { readonly kind: 'retry'; readonly afterMs: number; readonly error: Error }
  | { readonly kind: 'snoozed'; readonly untilMs: number; readonly reason: string; readonly alarm: boolean }
  | { readonly kind: 'cancelled'; readonly reason: string }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly error: Error }
  | { readonly kind: 'handed-back' };
