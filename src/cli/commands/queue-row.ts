import { lengthOf } from '../../command/index.ts';
import type { QueueFigures } from '../../queue/index.ts';

/** A queue as commands show it in their tables. */
export function queueRow(figures: QueueFigures & { readonly held: number }) {
  const { name, waiting, held, oldestDueMs, delayed, running, succeeded, dead, paused } = figures;
  const queue = paused ? `${name} (paused)` : name;
  return { queue, waiting, held, oldest: lengthOf(oldestDueMs), delayed, running, succeeded, dead };
}
