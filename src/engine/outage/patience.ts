import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay, exponential } from '../../resilience/index.ts';

const BACKOFF = exponential({ from: '200ms', to: '2s' });

export interface Patience {
  /** Which errors are worth another try. */
  readonly again: (error: unknown) => boolean;
  readonly signal: AbortSignal;
  /** Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Tries until it works, waiting a little longer each time; other errors than `again` takes, and the signal, end it. */
export async function retryPatiently<Value>(
  attempt: () => Promise<Value>,
  { again, signal, wait = pause }: Patience,
): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!again(error)) throw error;
    }
    await wait(backoffDelay(BACKOFF, tries), signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
