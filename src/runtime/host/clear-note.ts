import type { Engine } from '../../engine/index.ts';

/** Best effort: a note that stays is looked at again. */
export async function clearNote(engine: Engine, queue: string, jobId: string, progress: unknown): Promise<void> {
  const stored = await engine.queue(queue).catch(() => undefined);
  await stored
    ?.getBackend()
    // BullMQ takes an object or a number; what stood there may be any JSON.
    .updateProgress(jobId, progress as number)
    .catch(() => undefined);
}
