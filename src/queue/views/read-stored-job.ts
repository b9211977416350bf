import type { EngineJob, EngineQueue } from '../../engine/index.ts';
import { UndecodableJobError } from './undecodable-job-error.ts';

/**
 * The job as the queue holds it; undefined when it holds none.
 * @throws UndecodableJobError when what is stored is no job: the parser's own message would quote the data
 */
export async function readStoredJob(queue: EngineQueue, id: string): Promise<EngineJob | undefined> {
  try {
    return await queue.getJob(id);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new UndecodableJobError(id, 'it is not JSON');
    // BullMQ walks what another program has written: options that are no object, for one.
    if (cause instanceof TypeError || cause instanceof RangeError) {
      throw new UndecodableJobError(id, 'it is not what BullMQ stores of a job');
    }
    if (isOfWrongKind(cause)) throw new UndecodableJobError(id, 'its key in Redis holds something else than a job');
    throw cause;
  }
}

/** Whether Redis refused to read a key because another program keeps something else there. */
function isOfWrongKind(cause: unknown): boolean {
  return cause instanceof Error && cause.message.startsWith('WRONGTYPE ');
}
