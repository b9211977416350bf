import type { JobsOptions, RepeatOptions } from 'bullmq';
import type { EngineQueue } from '../engine.ts';
import type { TakenJob } from '../turns/index.ts';

/** Leans on BullMQ 6.7: its Worker makes a scheduler's next job whenever one of them is taken; so does whoever takes in its place. */
export async function scheduleNext(
  queue: EngineQueue,
  { id, name, data, opts, repeatJobKey }: TakenJob,
): Promise<void> {
  const { repeat }: JobsOptions & { readonly repeat?: Omit<RepeatOptions, 'key'> } = opts;
  if (repeatJobKey === undefined || repeat === undefined) return;
  const scheduler = await queue.jobScheduler;
  await scheduler.upsertJobScheduler(repeatJobKey, repeat, name, data, opts, { override: false, producerId: id });
}
