import type { SnapshotValue } from './snapshot.ts';

type Labels = Readonly<Record<string, string>>;

/** Counts durations into buckets; written out only when somebody asks. */
export class LiveHistogram {
  readonly #bounds: readonly number[];
  /** One for each bound, and one for what is above them all. */
  readonly #counts: Float64Array;
  #sum = 0;

  /** Upper bounds in rising order. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  /** In prom-client's form. */
  values(metric: string, labels: Labels): readonly SnapshotValue[] {
    let count = 0;
    const buckets = [...this.#counts].map((inBucket, index) => {
      count += inBucket;
      return { metricName: `${metric}_bucket`, labels: { ...labels, le: this.#bounds[index] ?? '+Inf' }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${metric}_sum`, labels, value: this.#sum },
      { metricName: `${metric}_count`, labels, value: count },
    ];
  }
}
