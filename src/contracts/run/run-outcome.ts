import type { DeadReason } from '../../facts/index.ts';

/** What became of one run. Closed: nothing else can become of it. */
export type RunOutcome =
  | { readonly kind: 'succeeded'; readonly result: unknown }
  /** The attempt failed, and there is another one. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly error: Error }
  | {
      readonly kind: 'snoozed';
      /** Engine time. */
      readonly untilMs: number;
      readonly reason: string;
      readonly alarm: boolean;
      /** What is noted on the job from now on. */
      readonly note?: unknown;
    }
  | {
      readonly kind: 'cancelled';
      readonly reason: string;
      /** False: the handler was not called. */
      readonly begun?: false;
    }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly error: Error; readonly begun?: false }
  | { readonly kind: 'handed-back' };
