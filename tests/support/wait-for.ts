import { setTimeout as pause } from 'node:timers/promises';

/**
 * How long a fact is waited for: only what never comes is to fail, and a busy machine has been seen to take five times as long as
 * usual. No test measures how long it took.
 */
export const PATIENCE_MS = 60_000;
/** The same for `vi.waitFor` and `expect.poll`. */
export const PATIENT = { timeout: PATIENCE_MS, interval: 40 } as const;
/** Asked often at first, then less: a question costs what the answer is waiting for, too. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 150;

/**
 * Asks again and again until the answer is there, and returns it; a rejected or falsy answer is "not yet".
 * @param what completes "waited for ..." in the failure
 */
export async function waitFor<Value>(
  what: string,
  ask: () => Value | Promise<Value>,
  timeoutMs = PATIENCE_MS,
): Promise<There<Value>> {
  const endsAt = Date.now() + timeoutMs;
  let last: unknown;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(1.3 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const answer = await ask();
      if (isThere(answer)) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > endsAt) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`, { cause: last });
    await pause(pauseMs);
  }
}

/** What is waited for, when it has come. */
export type There<Value> = Exclude<Value, undefined | null | false>;

export function isThere<Value>(answer: Value): answer is There<Value> {
  return answer !== undefined && answer !== null && answer !== false;
}
