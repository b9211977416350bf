import { InvalidOptionsError, kindOf } from '../../errors/index.ts';
import type { CancelMark } from './cancel-job.ts';
import { requireText } from '../prepare/check-requests.ts';

/** Per-call options of `client.cancel`. */
export interface CancelOptions {
  /** Why, for whoever looks the job up: `no longer wanted` when left out. */
  readonly reason?: string;
  /** Who asked: `producer` when left out. */
  readonly by?: string;
}

/** @throws InvalidOptionsError: these may come from a request */
export function checkCancelOptions(options: CancelOptions): CancelMark {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidOptionsError(`Expected the options of cancel to be { reason, by }, got ${kindOf(given)}.`);
  }
  const { reason = 'no longer wanted', by = 'producer' } = options;
  requireText('reason', reason);
  requireText('by', by);
  return { reason, by };
}
