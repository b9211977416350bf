import { Registry } from 'prom-client';
import type { Facts } from '../../facts/index.ts';
import { countApi } from './count-api.ts';
import { countEvents } from './count-events.ts';
import { countJobs } from './count-jobs.ts';
import { countProjections } from './count-projections.ts';
import { countSchedules } from './count-schedules.ts';
import { countWorkers } from './count-workers.ts';
import { KnownNames, type NamedParts } from './known-names.ts';
import { measureProcess } from './measure-process.ts';
import { takeSnapshot, writeExposition, type Snapshot } from './snapshot.ts';

/** The metrics of one process. */
export interface Metrics {
  /** Its own: prom-client's global one stays empty. What an app adds here is given out too. */
  readonly registry: Registry;
  snapshot(): Promise<Snapshot>;
  /** The text format of Prometheus. */
  text(): Promise<string>;
  /** Ends listening and measuring. */
  stop(): void;
}

export interface MetricsOptions {
  /** Whether the engine had been lost before the counting began. */
  readonly engineAway?: boolean;
}

/**
 * Counts the facts that a process states. Attach it only where somebody asks: without it the runtime does not even build the
 * fields of what it would count.
 *
 * Names that the app does not know are counted as `other`.
 */
export function collectMetrics(facts: Facts, app: NamedParts, { engineAway = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  const names = new KnownNames(app);
  const jobs = countJobs(registry, facts, names);
  const snapshot = async (): Promise<Snapshot> => [...jobs.snapshot(), ...(await takeSnapshot(registry))];
  const stops = [
    ...jobs.stops,
    ...countEvents(registry, facts, names),
    ...countProjections(registry, facts, names),
    ...countSchedules(registry, facts, names),
    ...countWorkers(registry, facts, names, engineAway),
    ...countApi(registry, facts, names),
    measureProcess(registry),
  ];
  return {
    registry,
    snapshot,
    // Not `registry.metrics()`: that writes `Nan` for what was never measured, which is no number of the format.
    text: async () => writeExposition([await snapshot()]),
    stop() {
      for (const stop of stops) stop();
      registry.clear();
    },
  };
}
