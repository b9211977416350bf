import { setTimeout as sleep } from 'node:timers/promises';

/** A timer above 2^31 - 1 ms (24.8 days) ends after 1 ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** As `sleep`, for any time. */
export async function longPause(ms: number, signal: AbortSignal): Promise<void> {
  let left = ms;
  do {
    await sleep(Math.min(left, LONGEST_MS), undefined, { signal });
    left -= LONGEST_MS;
  } while (left > 0);
}
