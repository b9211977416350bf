import { setTimeout as sleep } from 'node:timers/promises';
import type { NewJob, TakenJob, TurnQueue } from '../../../engine/index.ts';
import { mayPass } from '../../../resilience/index.ts';
import { DIVISION } from './stored-division.ts';

const AGAIN_MS = 500;

/**
 * Divides a chunk: keeps with its job what it is divided into, then adds that. The end of the job is written after this. Killed in between, the job
 * runs again, finds what was kept and adds it again, which changes nothing: the ids are made of the chunk's. Killed before, nothing was added, and
 * all items run again.
 *
 * Waits for an engine that is away. `lost`: somebody else has the job, and nothing was added. `refused`: the engine cannot hold it.
 */
export async function addParts(
  queue: Pick<TurnQueue, 'storeStep' | 'add'>,
  { id: jobId, token }: TakenJob,
  { stored: result, parts }: { readonly stored: string; readonly parts: readonly NewJob[] },
): Promise<'added' | 'lost' | 'refused'> {
  const kept = await patiently(() => queue.storeStep({ jobId, token, name: DIVISION, result }));
  if (kept !== 'stored') return kept;
  const answers = await patiently(() => queue.add(parts));
  return answers.some(({ kind }) => kind === 'refused') ? 'refused' : 'added';
}

async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await sleep(AGAIN_MS, undefined, { ref: false });
  }
}
