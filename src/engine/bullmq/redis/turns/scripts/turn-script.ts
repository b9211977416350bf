import { PRELUDE } from './prelude.ts';
import { SETTLE } from './settle.ts';
import { TAKE } from './take.ts';

export const TURN_KEYS = [
  'wait',
  'active',
  'prioritized',
  'events',
  'stalled',
  'limiter',
  'delayed',
  'meta',
  'pc',
  'marker',
  'completed',
  'failed',
] as const;

/** One script: the ends of k jobs, then the take of n. */
export const TURN_SCRIPT = PRELUDE + SETTLE + TAKE;
