export { collectMetrics, type Metrics, type MetricsOptions } from './collect-metrics.ts';
export { QueueGauges, type QueueGaugesOptions, type QueueReading } from './gauge-queues.ts';
export { HostMetrics, type HostMetricsOptions, type WorkerAnswer } from './host-metrics.ts';
export type { NamedParts } from './known-names.ts';
export type { Snapshot, SnapshotMetric, SnapshotValue } from './snapshot.ts';
