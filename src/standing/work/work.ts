import type { DeadLetterGroup } from '../../dead-letters/index.ts';
import type { QueueFigures as StoredFigures } from '../../queue/index.ts';
import type { PausedDestination } from '../../runtime/index.ts';
import type { Overview } from './read-overview.ts';

/** What the conditions are judged from: the work itself, never that a page could be drawn. */
export interface Work extends Overview {
  readonly paused: readonly PausedDestination[];
  /** Queues that no contract names. */
  readonly unnamed: readonly StoredFigures[];
  /** Dead letters by cause. */
  readonly causes: readonly DeadLetterGroup[];
  /** Engine time, milliseconds since 1970. */
  readonly now: number;
}
