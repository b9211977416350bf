export { EXPOSITION_TYPE, openHealthServer, type HealthServer, type HealthSources } from './health/health-server.ts';
export { Readiness, type FleetStanding } from './health/readiness.ts';
export { createLogger, type LoggerOptions } from './logs/create-logger.ts';
export { describeError, type DescribedError } from './logs/describe-error.ts';
export { logFacts, type LogFactsOptions } from './logs/log-facts.ts';
export type {
  HostMetricsOptions,
  Metrics,
  MetricsOptions,
  NamedParts,
  QueueReading,
  Snapshot,
  SnapshotMetric,
  SnapshotValue,
  WorkGaugesOptions,
  WorkReading,
  WorkerAnswer,
} from './metrics/index.ts';
export { loadMetrics } from './metrics/load-metrics.ts';
export { loadTracer } from './tracing/load-tracer.ts';
