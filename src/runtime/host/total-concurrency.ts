import type { QueuePolicy } from '../../contracts/index.ts';
import type { Engine } from '../../engine/index.ts';

/** Sets in the engine how many jobs of a queue may run at once in all workers. It counts them itself, and others wait in the queue. */
export async function applyTotalConcurrency(engine: Engine, { name, totalConcurrency }: QueuePolicy): Promise<void> {
  const queue = await engine.queue(name);
  if (totalConcurrency === undefined) await queue.removeGlobalConcurrency();
  else await queue.setGlobalConcurrency(totalConcurrency);
}
