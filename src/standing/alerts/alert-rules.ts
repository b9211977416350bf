import type { Condition } from '../conditions/condition.ts';

/** From when a condition is told about to people who are not looking. */
export interface AlertRule {
  /** It has stood for so long, in milliseconds. */
  readonly forMs: number;
  /** There is so much of it, as its `size` counts. */
  readonly atLeast: number;
  /** Told although it heals by itself, or was asked for. */
  readonly evenIfItHeals: boolean;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

/** One for each kind of condition of the overview. */
export const ALERT_RULES: Readonly<Record<Condition['kind'], AlertRule>> = {
  stopped: { forMs: 30 * SECOND_MS, atLeast: 1, evenIfItHeals: false },
  // It is measured over two minutes, and a Redis may be full in less.
  filling: { forMs: 10 * SECOND_MS, atLeast: 1, evenIfItHeals: false },
  lost: { forMs: 0, atLeast: 1, evenIfItHeals: true },
  missed: { forMs: 0, atLeast: 1, evenIfItHeals: true },
  // The condition begins when a job has been due for a minute.
  late: { forMs: 4 * MINUTE_MS, atLeast: 1, evenIfItHeals: true },
  sick: { forMs: 2 * MINUTE_MS, atLeast: 1, evenIfItHeals: true },
  // Half as many: somebody is about who knows what was deployed.
  new: { forMs: 0, atLeast: 5, evenIfItHeals: false },
  failing: { forMs: 0, atLeast: 10, evenIfItHeals: false },
  'left behind': { forMs: 5 * MINUTE_MS, atLeast: 1, evenIfItHeals: false },
  clock: { forMs: MINUTE_MS, atLeast: 1, evenIfItHeals: false },
  paused: { forMs: 60 * MINUTE_MS, atLeast: 1, evenIfItHeals: true },
};

/** That the engine is away is in nobody's table: nothing can be read then. */
export const ENGINE_AWAY: AlertRule = { forMs: MINUTE_MS, atLeast: 1, evenIfItHeals: true };

/** A condition that has not been seen for so long has ended; before that it may only flicker. */
export const ENDED_AFTER_MS = 30 * SECOND_MS;
/** It is told again when there is so many times as much of it as was told last. */
export const GROWN = 10;
