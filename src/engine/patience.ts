import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay, exponential } from '../resilience/index.ts';

const BACKOFF = exponential({ from: '200ms', to: '2s' });

/** Tries until it works, waiting a little longer each time; other errors than `again` takes, and the signal, end it. */
export async function retryPatiently<Value>(
  attempt: () => Promise<Value>,
  { again, signal }: { readonly again: (error: unknown) => boolean; readonly signal: AbortSignal },
): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!again(error)) throw error;
    }
    await sleep(backoffDelay(BACKOFF, tries), undefined, { signal });
  }
}
