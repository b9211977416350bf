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
  | DividedOutcome
  | { readonly kind: 'handed-back' };

/** Of a chunk: its items came to different ends. The numbers are their places in the chunk, from 0. */
export interface DividedOutcome {
  readonly kind: 'divided';
  readonly done: number;
  /** They come again together, in a chunk of their own. */
  readonly retry: { readonly items: readonly number[]; readonly afterMs: number; readonly error: Error } | undefined;
  /** Each becomes a dead letter of its own. */
  readonly dead: readonly DeadItem[];
}

export interface DeadItem {
  readonly item: number;
  readonly reason: DeadReason;
  readonly error: Error;
}
