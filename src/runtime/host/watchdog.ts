import type { Engine } from '../../engine/index.ts';
import { readQueueFigures } from '../../queue/index.ts';
import type { Fetches } from './fetches.ts';
import type { RunningJobs } from '../run/running-jobs.ts';

export interface WatchdogOptions {
  readonly engine: Engine;
  readonly queues: readonly string[];
  readonly running: RunningJobs;
  /** By queue. */
  readonly fetches: ReadonlyMap<string, Pick<Fetches, 'lastAt'>>;
  /** Called at the first look that finds it so: make the connections anew. */
  readonly onWedged: (queue: string) => void;
  /** Called when that did not help: this process must be replaced. */
  readonly onHopeless: (queue: string) => void;
  /** It was told to take nothing, and takes nothing. */
  readonly isQuiet?: () => boolean;
  readonly everyMs?: number;
  /** Work that has been due for so long, while nothing was taken for so long, is not just a busy moment. */
  readonly quietMs?: number;
}

const EVERY_MS = 10_000;
const QUIET_MS = 30_000;

/**
 * Notices a worker that has silently stopped fetching (seen in BullMQ after outages: its issues 4479, 4585, 4378): work is due in its
 * queue, it took nothing for a while, and it runs nothing. Each queue has a worker of its own, so each is judged by itself. Answers a
 * function that stops watching.
 */
export function watchForWedge(options: WatchdogOptions): () => void {
  const { engine, queues, running, fetches, onWedged, onHopeless, everyMs = EVERY_MS, quietMs = QUIET_MS } = options;
  const { isQuiet = () => false } = options;
  const watchingSince = performance.now();
  /** Since when, by queue. */
  const wedged = new Map<string, number>();
  let looking = false;
  const quietSince = (name: string): number => Math.max(fetches.get(name)?.lastAt ?? 0, watchingSince);
  const isWedged = async (name: string): Promise<boolean> => {
    if (isQuiet()) return false;
    const since = quietSince(name);
    if (performance.now() - since < quietMs || [...running].some(({ queue }) => queue === name)) return false;
    // A job may be taken while the engine is asked.
    return (await isDue(engine, name, quietMs)) && quietSince(name) === since;
  };
  const look = async (): Promise<void> => {
    for (const name of queues) {
      const since = wedged.get(name);
      if (!(await isWedged(name))) wedged.delete(name);
      else if (since === undefined) {
        wedged.set(name, performance.now());
        onWedged(name);
      } else if (performance.now() - since >= quietMs) onHopeless(name);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch(() => wedged.clear())
      .finally(() => (looking = false));
  }, everyMs).unref();
  return () => clearInterval(timer);
}

/** Whether the queue's oldest due job has waited for so long, and nothing forbids to take it. */
async function isDue(engine: Engine, name: string, quietMs: number): Promise<boolean> {
  const queue = await engine.queue(name);
  const [figures] = await readQueueFigures(engine, [name]);
  const { oldestDueMs, paused = false, running = 0 } = figures ?? {};
  if (paused || oldestDueMs === undefined || oldestDueMs < quietMs) return false;
  // As many as may run do so elsewhere.
  const most = await queue.getGlobalConcurrency();
  if (most !== null && running >= most) return false;
  // Above its rate nothing may be begun.
  return (await queue.getRateLimitTtl()) <= 0;
}
