import type { PausedGroup } from '../turns/index.ts';

/** Where a job of a queue can be. What limits and pauses have set aside is among those that wait. */
export const KINDS = ['waiting', 'running', 'delayed', 'succeeded', 'dead'] as const;
export type JobKind = (typeof KINDS)[number];

/** The first job of a priority, or of the delayed ones, as far as one needs it to know since when it is due. */
export interface QueueHead {
  readonly isDelayed: boolean;
  readonly isHeld: boolean;
  readonly timestamp: number;
  /** What is left of its delay; 0 once it is due. */
  readonly delay: number;
  /** With the delay that it was added with. */
  readonly opts: { readonly delay?: number };
  readonly processedOn: number | undefined;
  readonly progress: unknown;
}

/** What a queue holds, read at one time. */
export interface QueueContents {
  readonly name: string;
  readonly paused: boolean;
  readonly groups: readonly PausedGroup[];
  readonly counts: Readonly<Record<JobKind | 'held', number>>;
  /** Whether a number is the planner's of PostgreSQL, since there are more than it would be cheap to count. */
  readonly isEstimate: boolean;
  readonly heads: readonly QueueHead[];
}

/** What an engine answers of a head: numbers may be texts, and another program may have stored anything. */
interface StoredHead {
  readonly isDelayed: boolean;
  readonly isHeld: boolean;
  readonly timestamp: unknown;
  readonly delay: unknown;
  readonly optsDelay: unknown;
  readonly processedOn: unknown;
  readonly progress: unknown;
}

/** None where it cannot be read: a job with broken data must not hide the others. */
export function headOf(stored: StoredHead): readonly QueueHead[] {
  const { isDelayed, isHeld, progress } = stored;
  const timestamp = numberIn(stored.timestamp);
  if (timestamp === undefined) return [];
  const delay = numberIn(stored.optsDelay);
  return [
    {
      isDelayed,
      isHeld,
      timestamp,
      delay: numberIn(stored.delay) ?? 0,
      opts: delay === undefined ? {} : { delay },
      processedOn: numberIn(stored.processedOn),
      progress,
    },
  ];
}

function numberIn(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
