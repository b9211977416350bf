import { recommend } from '../../src/standing/index.ts';
import { CONCURRENCY, WINDOW_SECONDS, type Strategy } from './simulate.ts';

/** What the mails were promised. */
export const START_WITHIN_SECONDS = 60;
/** What people set who scale by depth: one process for so many that wait, held ones among them. */
const DEPTH_PER_PROCESS = 100;
const WANTED_CPU = 0.7;

export const STRATEGIES: Readonly<Record<string, Strategy>> = {
  'shiftwork scaling': ({ second, processes, attempts, failed, ranMs, startable, startableBefore, held }) =>
    recommend(
      {
        windowMs: Math.min(second + 1, WINDOW_SECONDS) * 1_000,
        attempts,
        failed,
        ranMs,
        startable,
        startableBefore,
        held,
        paused: false,
      },
      {
        concurrency: CONCURRENCY,
        processes,
        totalConcurrency: undefined,
        mostPerSecond: undefined,
        startWithinMs: START_WITHIN_SECONDS * 1_000,
      },
    ).processes.needed,
  'by depth': ({ startable, held }) => Math.ceil((startable + held) / DEPTH_PER_PROCESS),
  'by CPU': ({ processes, cpu }) => Math.ceil((processes * cpu) / WANTED_CPU),
};
