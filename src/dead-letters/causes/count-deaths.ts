import type { Facts } from '../../facts/index.ts';
import type { CauseCounter } from './cause-counter.ts';

const EVERY_MS = 100;
/** Of one queue, between two writes: beyond that the background finds them. */
const KEPT_AT_MOST = 10_000;

/**
 * Counts the dead letters that this process makes as they die: those of a tenth of a second together, and the next when these are counted. While
 * nothing dies it does nothing. What cannot be counted now, or not any more when the process is killed, is found in the background.
 */
export function countDeaths(
  facts: Facts,
  open: () => Promise<Pick<CauseCounter, 'count'>>,
): { close(): Promise<void> } {
  const died = new Map<string, Set<string>>();
  let opened: ReturnType<typeof open> | undefined;
  let counting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const countAll = async (): Promise<void> => {
    const batches = [...died];
    died.clear();
    const counter = await (opened ??= open());
    await Promise.allSettled(batches.map(([queue, ids]) => counter.count(queue, [...ids])));
  };
  const countNow = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    counting = countAll()
      .catch(() => void (opened = undefined))
      .finally(() => {
        counting = undefined;
        if (died.size > 0) countSoon();
      });
    return counting;
  };
  const countSoon = (): void => {
    if (timer === undefined && counting === undefined) timer = setTimeout(() => void countNow(), EVERY_MS).unref();
  };
  const stops = (['job.dead', 'job.cancelled'] as const).map(name =>
    facts.on(name, ({ fields }) => {
      const ids = died.get(fields.queue) ?? new Set();
      if (ids.size < KEPT_AT_MOST) ids.add(fields.jobId);
      died.set(fields.queue, ids);
      countSoon();
    }),
  );
  return {
    async close() {
      for (const stop of stops) stop();
      await counting;
      if (died.size > 0) await countNow();
    },
  };
}
