import { setTimeout as sleep } from 'node:timers/promises';

const MOST_MS = 50;

/**
 * Waits for a moment that is unlike everybody else's, longer each time: for whoever read something and found that another had written it meanwhile.
 * Those that come again at once meet each other again. The first time is the next one.
 */
export async function standAside(tried: number): Promise<void> {
  if (tried > 0) await sleep(Math.random() * Math.min(MOST_MS, 5 * 2 ** tried));
}
