export { collectMetrics, type Metrics, type MetricsOptions } from './collect-metrics.ts';
export { WorkGauges, type QueueReading, type WorkGaugesOptions, type WorkReading } from './gauge-work.ts';
export { HostMetrics, type HostMetricsOptions, type WorkerAnswer } from './host-metrics.ts';
export type { NamedParts } from './known-names.ts';
export type { Snapshot, SnapshotMetric, SnapshotValue } from './snapshot.ts';
