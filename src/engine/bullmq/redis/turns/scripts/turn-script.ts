import { PRELUDE } from './prelude.ts';
import { SETTLE } from './settle.ts';
import { GROUPS, RELEASE_GROUPS } from './groups.ts';
import { GROUPS_OF } from './groups-of.ts';
import { TAKE_WITH_LIMITS } from './take-with-limits.ts';
import { ANSWER, START, TAKE } from './take.ts';

export const TURN_KEYS = [
  'stalled',
  'limiter',
  'meta',
  'pc',
  'completed',
  'failed',
  'marker',
  'wait',
  'delayed',
  'active',
  'prioritized',
  'events',
] as const;

/** One script: the ends of k jobs, then the take of n. */
export const TURN_SCRIPT = PRELUDE + SETTLE + START + TAKE + ANSWER;

/** The same for a queue whose jobs belong to groups; the keys of groups stand behind that of the answers. */
export const LIMITED_TURN_SCRIPT =
  PRELUDE + SETTLE + START + GROUPS + RELEASE_GROUPS + GROUPS_OF + TAKE_WITH_LIMITS + ANSWER;
