import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

const NANOSECONDS = 1e9;
const RESOLUTION_MS = 20;

/** Memory, CPU, garbage collection and the event loop of this process. Answers a function that stops measuring. */
export function measureProcess(registry: Registry): () => void {
  collectDefaultMetrics({ register: registry });
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const lag = new Gauge({
    name: 'shiftwork_event_loop_lag_p99_seconds',
    help: 'How late the event loop was, 99th percentile since the last look; of the latest process of this host.',
    // prom-client's own gauges are averaged over processes, where one that is blocked does not show.
    aggregator: 'max',
    registers: [registry],
    collect: () => {
      const p99 = delay.percentile(99) / NANOSECONDS - RESOLUTION_MS / 1_000;
      lag.set(Number.isFinite(p99) ? Math.max(0, p99) : 0);
      delay.reset();
    },
  });
  return () => delay.disable();
}
