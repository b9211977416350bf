import type { EngineJob, EngineQueue } from '../engine/index.ts';
import { UndecodableJobError } from './undecodable-job-error.ts';

/**
 * The job as the queue holds it; undefined when it holds none.
 * @throws UndecodableJobError when its data is not JSON: the parser's own message would quote the data
 */
export async function readStoredJob(queue: EngineQueue, id: string): Promise<EngineJob | undefined> {
  try {
    return await queue.getJob(id);
  } catch (cause) {
    if (cause instanceof SyntaxError) throw new UndecodableJobError(id, 'it is not JSON');
    throw cause;
  }
}
