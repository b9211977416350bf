import { AggregatorRegistry, type Registry } from 'prom-client';

/** A metric and its values as prom-client gives them out and as they pass from process to process. */
export interface SnapshotMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: readonly SnapshotValue[];
}

export interface SnapshotValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** With its suffix, where it differs: `_bucket`, `_sum`, `_count`. */
  readonly metricName?: string;
}

export type Snapshot = readonly SnapshotMetric[];

const AGGREGATORS: ReadonlySet<unknown> = new Set(['sum', 'first', 'min', 'max', 'average', 'omit']);

export async function takeSnapshot(registry: Registry): Promise<Snapshot> {
  return readSnapshot(await registry.getMetricsAsJSON()) ?? [];
}

/** What another process has sent; undefined when it is no snapshot. Values that no text can say (JSON has no NaN) are left out. */
export function readSnapshot(sent: unknown): Snapshot | undefined {
  if (!Array.isArray(sent)) return undefined;
  const metrics: SnapshotMetric[] = [];
  for (const each of sent as readonly unknown[]) {
    if (!isMetric(each)) return undefined;
    metrics.push({ ...each, values: each.values.filter(({ value }) => Number.isFinite(value)) });
  }
  return metrics;
}

/** What only grows, and so must not be lost with the process that counted it. */
export function growing(snapshot: Snapshot): Snapshot {
  return snapshot.filter(({ type }) => type === 'counter' || type === 'histogram');
}

export async function mergeSnapshots(snapshots: readonly Snapshot[]): Promise<Snapshot> {
  return takeSnapshot(AggregatorRegistry.aggregate([...snapshots]));
}

/** The text format of Prometheus. */
export function writeExposition(snapshots: readonly Snapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate([...snapshots]).metrics();
}

function isMetric(value: unknown): value is SnapshotMetric {
  if (typeof value !== 'object' || value === null) return false;
  const { name, help, type, aggregator, values } = value as Readonly<Record<keyof SnapshotMetric, unknown>>;
  return (
    typeof name === 'string' &&
    typeof help === 'string' &&
    typeof type === 'string' &&
    AGGREGATORS.has(aggregator) &&
    Array.isArray(values) &&
    values.every(each => typeof each === 'object' && each !== null && 'labels' in each && 'value' in each)
  );
}
