import { ALL_COUNTS, queueCounts } from '../record/contract-counts.ts';
import { addDurations, type Durations } from '../record/durations.ts';
import type { Mark } from '../record/mark.ts';
import { HOUR, MINUTE, type JournalStore } from '../stores/journal-store.ts';

/** What came and went in a stretch of time. */
export interface SeriesPoint {
  /** When it began. */
  readonly at: number;
  readonly succeeded: number;
  /** Attempts that failed and were tried again. */
  readonly retried: number;
  /** Ends without success that nobody asked for. */
  readonly dead: number;
  /** Cancelled or expired. */
  readonly unwanted: number;
  /** What has come: what has ended, and by how much more is there afterwards; undefined where that was not looked at. */
  readonly came: number | undefined;
  readonly waited: Durations;
  readonly ran: Durations;
}

export interface Series {
  readonly from: number;
  readonly stepMs: number;
  /** The last one has not ended. */
  readonly points: readonly SeriesPoint[];
  readonly marks: readonly Mark[];
}

/** How far back, and in what steps: each some 60 to 100. Up to three days there are counts by minute. */
export const RANGES = {
  '1h': { ms: HOUR, stepMs: MINUTE },
  '6h': { ms: 6 * HOUR, stepMs: 5 * MINUTE },
  '24h': { ms: 24 * HOUR, stepMs: 15 * MINUTE },
  '7d': { ms: 168 * HOUR, stepMs: 2 * HOUR },
  '14d': { ms: 336 * HOUR, stepMs: 4 * HOUR },
} as const;
export type RangeName = keyof typeof RANGES;

const MARKS = 200;

/** What is read of the journal for it. */
export type SeriesSource = Pick<JournalStore, 'counts' | 'marks' | 'unfinished'>;

/**
 * Of one queue, of one contract, or of all: one count a minute or an hour, one read of marks, and for the ranges by minute how much there was between the
 * points. However many contracts and queues there are, as much is read.
 */
export async function readSeries(
  store: SeriesSource,
  range: RangeName,
  now: number,
  of: { readonly queue?: string | undefined; readonly contract?: string | undefined } = {},
): Promise<Series> {
  const { ms, stepMs } = RANGES[range];
  const end = Math.floor(now / stepMs) * stepMs + stepMs;
  const from = end - ms;
  const span = { from, to: end - 1 };
  const by = stepMs < HOUR ? 'minute' : 'hour';
  const name = of.contract ?? (of.queue === undefined ? ALL_COUNTS : queueCounts(of.queue));
  const steps = Math.round(ms / stepMs);
  // What comes is not known of a contract alone.
  const isCameKnown = by === 'minute' && of.contract === undefined;
  const edges = Array.from({ length: isCameKnown ? steps + 1 : 0 }, (_, index) => from + index * stepMs);
  const [counts, marks, unfinished] = await Promise.all([
    store.counts(by, span, [name]),
    store.marks(span, MARKS),
    store.unfinished(edges, of.queue),
  ]);
  const points: SeriesPoint[] = Array.from({ length: steps }, (_, index) => emptyPoint(from + index * stepMs));
  for (const each of counts) {
    const index = Math.floor((each.at - from) / stepMs);
    const point = points[index];
    if (point === undefined) continue;
    points[index] = {
      ...point,
      succeeded: point.succeeded + each.succeeded,
      retried: point.retried + each.retried,
      dead: point.dead + each.dead,
      unwanted: point.unwanted + each.cancelled + each.expired,
      waited: addDurations(point.waited, each.waited),
      ran: addDurations(point.ran, each.ran),
    };
  }
  return { from, stepMs, points: points.map(point => ({ ...point, came: cameIn(point, stepMs, unfinished) })), marks };
}

function emptyPoint(at: number): SeriesPoint {
  return { at, succeeded: 0, retried: 0, dead: 0, unwanted: 0, came: undefined, waited: {}, ran: {} };
}

function cameIn(
  { at, succeeded, dead, unwanted }: SeriesPoint,
  stepMs: number,
  unfinished: ReadonlyMap<number, number>,
): number | undefined {
  const [before, after] = [unfinished.get(at), unfinished.get(at + stepMs)];
  if (before === undefined || after === undefined) return undefined;
  return Math.max(0, succeeded + dead + unwanted + after - before);
}
