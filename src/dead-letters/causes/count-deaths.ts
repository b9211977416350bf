import { setTimeout as sleep } from 'node:timers/promises';
import type { Facts } from '../../facts/index.ts';
import type { CauseCounter } from './cause-counter.ts';

const EVERY_MS = 100;
/** Of one queue, between two writes: beyond that the background finds them. */
const KEPT_AT_MOST = 10_000;

/**
 * Counts the dead letters that this process makes as they die, a batch each tenth of a second. What cannot be counted now, or not any
 * more when the process is killed, is found in the background.
 */
export function countDeaths(facts: Facts, open: () => Promise<CauseCounter>): { close(): Promise<void> } {
  const died = new Map<string, Set<string>>();
  let opened: Promise<CauseCounter> | undefined;
  const closing = new AbortController();
  const stops = (['job.dead', 'job.cancelled'] as const).map(name =>
    facts.on(name, ({ fields }) => {
      const ids = died.get(fields.queue) ?? new Set();
      if (ids.size < KEPT_AT_MOST) ids.add(fields.jobId);
      died.set(fields.queue, ids);
    }),
  );
  const flush = async (): Promise<void> => {
    if (died.size === 0) return;
    const batches = [...died];
    died.clear();
    const counter = await (opened ??= open());
    await Promise.allSettled(batches.map(([queue, ids]) => counter.count(queue, [...ids])));
  };
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await sleep(EVERY_MS, undefined, { ref: false, signal: closing.signal }).catch(() => undefined);
      await flush().catch(() => (opened = undefined));
    }
  };
  const looping = loop();
  return {
    async close() {
      for (const stop of stops) stop();
      closing.abort();
      await looping;
    },
  };
}
