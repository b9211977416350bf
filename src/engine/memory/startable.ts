import type { MemoryQueue } from './memory-queue.ts';

/** Whether a job of the queue that is due could be started now. */
export function hasStartable(queue: MemoryQueue, now: number): boolean {
  if (queue.isPaused() || queue.isFull() || queue.rate.limitedMs(now) > 0) return false;
  if ((queue.nextDueAt() ?? Number.POSITIVE_INFINITY) <= now) return true;
  const { limits, groups } = queue;
  const waiting = queue.inState('waiting');
  if (limits === undefined) return waiting.length > 0;
  if (groups.queueUntil(limits, now) !== undefined) return false;
  const running = queue.inState('active');
  return waiting.some(job => groups.judge(job, limits, running, now).until === undefined);
}
