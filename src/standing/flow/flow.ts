import { addDurations, quantileOf, type ContractCounts, type CountedStretch } from '../../journal/index.ts';

/** How much goes through, and how well. */
export interface Flow {
  /** Jobs that came, a second; undefined of a contract, and where nobody has counted yet how many there were. */
  readonly inPerSecond: number | undefined;
  /** Jobs that ended, however they did, a second. */
  readonly outPerSecond: number;
  /** Attempts that failed, of all: 0 to 1; undefined where none ended. */
  readonly failing: number | undefined;
  /** 95 of 100 waited and ran no longer, in milliseconds; undefined where none ended. */
  readonly waitedP95Ms: number | undefined;
  readonly ranP95Ms: number | undefined;
}

/** What ended in a minute. */
export interface FlowMinute {
  readonly ended: number;
  readonly failed: number;
}

/** What of it shows in the last minutes: rates are of `rateMs` until now, parts and durations of all that is given. */
export function flowOf(
  counts: readonly CountedStretch[],
  { since, now, came }: { readonly since: number; readonly now: number; readonly came: number | undefined },
): Flow {
  const lately = counts.filter(({ at }) => at >= since);
  const attempts = sumOf(counts, ({ succeeded, retried, dead }) => succeeded + retried + dead);
  const waited = counts.reduce((sum, each) => addDurations(sum, each.waited), {});
  const ran = counts.reduce((sum, each) => addDurations(sum, each.ran), {});
  return {
    inPerSecond: came,
    outPerSecond: sumOf(lately, endedIn) / ((now - since) / 1_000),
    failing: attempts === 0 ? undefined : sumOf(counts, ({ retried, dead }) => retried + dead) / attempts,
    waitedP95Ms: quantileOf(waited, 0.95),
    ranP95Ms: quantileOf(ran, 0.95),
  };
}

/** Retried ones have not ended. */
export function endedIn({ succeeded, dead, cancelled, expired }: ContractCounts): number {
  return succeeded + dead + cancelled + expired;
}

export function sumOf<Each>(all: readonly Each[], of: (each: Each) => number): number {
  return all.reduce((sum, each) => sum + of(each), 0);
}
