import { requireKnown } from '../../errors/index.ts';
import type { CancelMark } from './cancel-job.ts';
import { requireText } from '../prepare/check-requests.ts';

/** Per-call options of `client.cancel`. */
export interface CancelOptions {
  /** Why, for whoever looks the job up: `no longer wanted` when left out. */
  readonly reason?: string;
  /** Who asked: `producer` when left out. */
  readonly by?: string;
}

const KNOWN: ReadonlySet<string> = new Set(['reason', 'by']);

/** @throws InvalidOptionsError: these may come from a request */
export function checkCancelOptions(options: CancelOptions): CancelMark {
  requireKnown('the options of cancel', options, KNOWN);
  const { reason = 'no longer wanted', by = 'producer' } = options;
  requireText('reason', reason);
  requireText('by', by);
  return { reason, by };
}
