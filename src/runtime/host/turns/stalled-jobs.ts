import type { TurnQueue } from '../../../engine/index.ts';

export interface StalledJobsOptions {
  readonly queue: TurnQueue;
  readonly everyMs: number;
  /** The engine's time. */
  readonly now: () => number;
  readonly onStalled: (jobId: string) => void;
  readonly onError: (error: unknown) => void;
}

/** BullMQ's 1 is never reset in a job's life: the second hard kill would fail a healthy job for good. */
export const MOST_STALLS = 100;

/** Looks for jobs that nobody holds any more, and puts them back: one look of all workers together in each interval. Answers a function that stops. */
export function returnStalledJobs({ queue, everyMs, now, onStalled, onError }: StalledJobsOptions): () => void {
  let looking = false;
  const look = async (): Promise<void> => {
    if (looking) return;
    looking = true;
    try {
      for (const jobId of await queue.returnStalled(Math.floor(now()), everyMs, MOST_STALLS)) onStalled(jobId);
    } catch (error) {
      onError(error);
    } finally {
      looking = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => clearInterval(timer);
}
