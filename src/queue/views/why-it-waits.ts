import type { Engine, EngineJob, EngineQueue } from '../../engine/index.ts';
import { marksOf } from '../meta/job-marks.ts';

/**
 * Why a job is not running. Undefined where nothing keeps it but those before it.
 * - `time`: it was asked for later, an attempt failed, it was snoozed, or its destination or limit sends it back at that time
 * - `release`: no release that has taken it knew this of it, since then
 * - `pause`: somebody has paused its queue
 * - `limit`: as many jobs of its queue run as may, or were begun as may be in a while
 * - `children`: BullMQ's children of it have not ended
 */
export type WaitsFor =
  | { readonly for: 'time'; /** Milliseconds since 1970. */ readonly until: number }
  | { readonly for: 'release'; readonly unknown: string; readonly since: number }
  | { readonly for: 'pause'; readonly of: { readonly queue: string } }
  | { readonly for: 'limit'; readonly of: { readonly queue: string }; readonly what: 'concurrency' | 'rate' }
  | { readonly for: 'children' };

/** Asks for what its state does not say: a job that waits costs a question or three. */
export async function whyItWaits(
  engine: Engine,
  queue: EngineQueue,
  state: string,
  job: EngineJob,
): Promise<WaitsFor | undefined> {
  const of = { queue: queue.name };
  switch (state) {
    case 'waiting-children':
      return { for: 'children' };
    case 'delayed': {
      const { waitingForRelease, since } = marksOf(job.progress);
      if (waitingForRelease !== undefined && since !== undefined)
        return { for: 'release', unknown: waitingForRelease, since };
      const until = await (await engine.ends()).dueAt({ queue: queue.name, id: job.id ?? '' });
      // It may have become due meanwhile.
      return until === undefined ? undefined : { for: 'time', until };
    }
    case 'waiting':
    case 'prioritized':
    case 'paused': {
      const [paused, maxed, limitedMs] = await Promise.all([
        queue.isPaused(),
        queue.isMaxed(),
        queue.getRateLimitTtl(),
      ]);
      if (paused) return { for: 'pause', of };
      if (maxed) return { for: 'limit', of, what: 'concurrency' };
      return limitedMs > 0 ? { for: 'limit', of, what: 'rate' } : undefined;
    }
    default:
      return undefined;
  }
}
