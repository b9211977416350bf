import { lengthOf } from '../../command/index.ts';
import type { QueueFigures } from '../../queue/index.ts';

/** A queue as commands show it in their tables. */
export function queueRow(figures: QueueFigures & { readonly held: number }) {
  const { name, waiting, held, oldestDueMs, oldestHeldMs, delayed, running, succeeded, dead, paused } = figures;
  const queue = paused ? `${name} (paused)` : name;
  const oldest = lengthOf(oldestDueMs);
  return { queue, waiting, held, oldest, 'oldest held': lengthOf(oldestHeldMs), delayed, running, succeeded, dead };
}
