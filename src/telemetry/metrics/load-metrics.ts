import { loadOptional } from '../../errors/index.ts';
import type * as Metrics from './index.ts';

/** Counting is loaded where it is wanted: prom-client takes 50 ms to load, and most programs of an app serve no metrics. */
export function loadMetrics(): Promise<typeof Metrics> {
  return loadOptional('prom-client', 'metrics', () => import('./index.ts'));
}
