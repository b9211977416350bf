import { LOOK_EVERY_MS } from '../../src/standing/index.ts';

export interface LivePace {
  /** How often pages that are followed are sent how things stand. */
  readonly lookMs: number;
  /** So soon after a sign-out its pages are sent nothing more. */
  readonly askAgainMs: number;
}

export const USUAL_PACE: LivePace = { lookMs: LOOK_EVERY_MS, askAgainMs: 5_000 };
