/** Each bucket ends 1.25 times as far as the one before: a quantile is off by an eighth at most. */
const GROWTH = Math.log(1.25);
/** The last one holds everything of two weeks and more. */
const LAST = 95;

/** Durations by how long they were: how many of each bucket. Buckets without any are left out. */
export type Durations = Readonly<Record<string, number>>;

/** Bucket 0 is under a millisecond. */
export function bucketOf(ms: number): number {
  if (!(ms >= 1)) return 0;
  return Math.min(LAST, 1 + Math.floor(Math.log(ms) / GROWTH));
}

/** Where a bucket ends, in milliseconds. */
function endOfBucket(bucket: number): number {
  return Math.exp(bucket * GROWTH);
}

export function addDurations(a: Durations, b: Durations): Durations {
  const sum: Record<string, number> = { ...a };
  for (const [bucket, count] of Object.entries(b)) sum[bucket] = (sum[bucket] ?? 0) + count;
  return sum;
}

export function countOf(durations: Durations): number {
  return Object.values(durations).reduce((sum, count) => sum + count, 0);
}

/** The duration that so large a part did not exceed, in milliseconds; undefined where there are none. */
export function quantileOf(durations: Durations, part: number): number | undefined {
  const total = countOf(durations);
  if (total === 0) return undefined;
  const wanted = Math.max(1, Math.ceil(total * part));
  const buckets = Object.keys(durations)
    .map(Number)
    .toSorted((a, b) => a - b);
  let seen = 0;
  for (const bucket of buckets) {
    seen += durations[bucket] ?? 0;
    // The middle of the bucket, as its growth goes.
    if (seen >= wanted) return bucket === 0 ? 0 : endOfBucket(bucket - 0.5);
  }
  return undefined;
}
