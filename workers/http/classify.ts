import { codeOf } from '../../src/errors/index.ts';
import { certificateProblem, DeliveryError, isDeliveryError } from '../../src/resilience/index.ts';
import type { Reply } from './exchange.ts';
import { retryAfterMs } from './retry-after.ts';

const TRY_AGAIN: ReadonlySet<number> = new Set([408, 425, 429]);

/** What an answer means for the next try; undefined: it is a success. */
export function classifyReply({ status, retryAfter, date }: Reply, destination: string): DeliveryError | undefined {
  if (status >= 200 && status < 300) return undefined;
  // What is no status counts as the server's fault (RFC 9110, section 15).
  if (TRY_AGAIN.has(status) || status >= 500 || status < 100) {
    const wait = retryAfterMs(retryAfter, Date.now(), date);
    return new DeliveryError('transient', `${destination} answered ${status}.`, {
      destination,
      status,
      busy: TRY_AGAIN.has(status),
      ...(wait !== undefined && { retryAfterMs: wait }),
    });
  }
  return new DeliveryError('permanent', `${destination} answered ${status}${hint(status)}.`, { destination, status });
}

function hint(status: number): string {
  if (status >= 300 && status < 400) return '; redirects are not followed';
  return status < 200 ? '; no other protocol is spoken' : '';
}

/** A call that got no answer. Its text may name hosts and ports that are ours alone: only the code is repeated, and it is no cause. */
export function classifyNetworkError(error: unknown, destination: string): DeliveryError {
  if (isDeliveryError(error)) return error;
  const certificate = certificateProblem(error);
  if (certificate !== undefined) {
    return new DeliveryError('transient', `The call to ${destination} failed: ${certificate}.`, { destination });
  }
  return new DeliveryError('transient', `The call to ${destination} failed (${codeOf(error) ?? 'no code'}).`, {
    destination,
  });
}
