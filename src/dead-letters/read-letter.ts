import type { App } from '../contracts/index.ts';
import type { EngineQueue } from '../engine/index.ts';
import { readStoredJob, UndecodableJobError } from '../queue/index.ts';
import { damagedLetter, deadLetterOf, type DeadLetter } from './dead-letter.ts';

/**
 * The dead letter of that id, which ended then; undefined when the queue no longer holds the job. One that cannot be read is a letter
 * all the same: no list fails because of one item.
 */
export async function readLetter(
  app: App,
  queue: EngineQueue,
  id: string,
  endedAt: number,
): Promise<DeadLetter | undefined> {
  try {
    const job = await readStoredJob(queue, id);
    return job && { ...deadLetterOf(app, queue.name, job), id, endedAt };
  } catch (error) {
    if (!(error instanceof UndecodableJobError)) throw error;
    return damagedLetter(queue.name, id, endedAt, error.message);
  }
}
