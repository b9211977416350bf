import type { Engine } from '../engine/index.ts';
import { readQueueFigures } from '../queue/index.ts';
import type { Fetches } from './fetches.ts';
import type { RunningJobs } from './running-jobs.ts';

export interface WatchdogOptions {
  readonly engine: Engine;
  readonly queues: readonly string[];
  readonly running: RunningJobs;
  readonly fetches: Pick<Fetches, 'lastAt'>;
  /** Told at the first look that finds it so: make the connections anew. */
  readonly onWedged: (queue: string) => void;
  /** Told when that did not help: this process must be replaced. */
  readonly onHopeless: (queue: string) => void;
  readonly everyMs?: number;
  /** Work that has been due for so long, while nothing was taken for so long, is not just a busy moment. */
  readonly quietMs?: number;
}

const EVERY_MS = 10_000;
const QUIET_MS = 30_000;

/**
 * Notices a worker that has silently stopped fetching (seen in BullMQ after outages: its issues 4479, 4585, 4378): work is due, nothing
 * was taken for a while, and nothing runs. Answers a function that stops watching.
 */
export function watchForWedge(options: WatchdogOptions): () => void {
  const { engine, queues, running, fetches, onWedged, onHopeless, everyMs = EVERY_MS, quietMs = QUIET_MS } = options;
  const watchingSince = Date.now();
  let wedgedAt: number | undefined;
  let looking = false;
  // Whoever works through jobs that are held, expired or unknown begins none, for as long as there are many, and is well.
  const lastTakenAt = (): number => Math.max(running.lastStartedAt, fetches.lastAt);
  const look = async (): Promise<void> => {
    const quietSince = Math.max(lastTakenAt(), watchingSince);
    if (running.size > 0 || Date.now() - quietSince < quietMs) {
      wedgedAt = undefined;
      return;
    }
    const stuck = await dueQueue(engine, queues, quietMs);
    // A job may have been taken while the engine was asked.
    if (stuck === undefined || lastTakenAt() > quietSince) {
      wedgedAt = undefined;
      return;
    }
    if (wedgedAt === undefined) {
      wedgedAt = Date.now();
      onWedged(stuck);
    } else if (Date.now() - wedgedAt >= quietMs) onHopeless(stuck);
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch(() => (wedgedAt = undefined))
      .finally(() => (looking = false));
  }, everyMs).unref();
  return () => clearInterval(timer);
}

/** A queue whose oldest due job has waited for so long and that is not paused. */
async function dueQueue(engine: Engine, queues: readonly string[], quietMs: number): Promise<string | undefined> {
  for (const name of queues) {
    const queue = await engine.queue(name);
    const { oldestDueMs, paused, running } = await readQueueFigures(queue);
    if (paused || oldestDueMs === undefined || oldestDueMs < quietMs) continue;
    // As many as may run do so elsewhere.
    const most = await queue.getGlobalConcurrency();
    if (most !== null && running >= most) continue;
    // Above its rate nothing may be begun.
    if ((await queue.getRateLimitTtl()) <= 0) return name;
  }
  return undefined;
}
