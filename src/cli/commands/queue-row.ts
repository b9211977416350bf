import { lengthOf } from '../../command/index.ts';
import type { QueueFigures } from '../../queue/index.ts';

/** A queue as commands show it in their tables. */
export function queueRow({ name, waiting, oldestDueMs, delayed, running, succeeded, dead, paused }: QueueFigures) {
  const queue = paused ? `${name} (paused)` : name;
  return { queue, waiting, oldest: lengthOf(oldestDueMs), delayed, running, succeeded, dead };
}
