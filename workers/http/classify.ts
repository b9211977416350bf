import { DeliveryError } from '../../src/resilience/index.ts';
import { retryAfterMs } from './retry-after.ts';

const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an answer means for the next try; undefined: it is a success. */
export function classifyStatus(
  status: number,
  retryAfter: string | undefined,
  destination: string,
): DeliveryError | undefined {
  if (status >= 200 && status < 300) return undefined;
  if (TRY_AGAIN.has(status) || status >= 500) {
    const wait = retryAfterMs(retryAfter);
    return new DeliveryError('transient', `${destination} answered ${status}.`, {
      destination,
      status,
      busy: status < 500,
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }
  const hint = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return new DeliveryError('permanent', `${destination} answered ${status}${hint}.`, { destination, status });
}

/** A call that got no answer. Its text may name hosts and ports that are ours alone: only the code is repeated, and it is no cause. */
export function classifyNetworkError(error: unknown, destination: string): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code';
  return new DeliveryError('transient', `The call to ${destination} failed (${code}).`, { destination });
}
