import type { DeadLetterGroup } from '../../dead-letters/index.ts';
import type { QueueFigures as StoredFigures } from '../../queue/index.ts';
import type { FleetHost, GoneHost, OverdueSlot, PausedDestination } from '../../runtime/index.ts';
import type { Space } from '../space/space-watch.ts';
import type { Overview } from './read-overview.ts';

/** What the conditions are judged from: the work itself, never that a page could be drawn. */
export interface Work extends Overview {
  readonly paused: readonly PausedDestination[];
  readonly hosts: readonly FleetHost[];
  /** Hosts that left or were lost in the last day. */
  readonly gone: readonly GoneHost[];
  /** Slots of schedules that nobody has dealt with. */
  readonly overdue: readonly OverdueSlot[];
  /** Queues that no contract names. */
  readonly unnamed: readonly StoredFigures[];
  /** Schedules made at run time whose records cannot be read: some of them where there are many. */
  readonly unreadable?: readonly string[];
  /** Dead letters by cause. */
  readonly causes: readonly DeadLetterGroup[];
  /** What the engine has stored; left out where it does not tell. */
  readonly space?: Space | undefined;
  /** Engine time, milliseconds since 1970. */
  readonly now: number;
}
