import { codeOf } from '../errors/index.ts';
import { InvalidConfigError } from '../config/index.ts';
import type { Facts } from '../facts/index.ts';
import type { WorkerFleet } from '../boot/work/index.ts';
import { openHealthServer, Readiness, type HealthServer, type loadMetrics } from '../telemetry/index.ts';

/** What a supervisor asks its workers for. */
export const METRICS = 'metrics';

/**
 * Serves health and metrics of a host on WORKER_PORT.
 * @throws InvalidConfigError when the port is taken or may not be used
 */
export async function serveHealth(
  { collectMetrics, HostMetrics }: Awaited<ReturnType<typeof loadMetrics>>,
  fleet: WorkerFleet,
  port: number,
  facts: Facts,
  onError: (error: unknown) => void,
): Promise<HealthServer> {
  const own = collectMetrics(facts, fleet.app);
  const readiness = new Readiness(facts, () => fleet.standing());
  const host = new HostMetrics({
    own,
    app: fleet.app,
    work: { read: () => fleet.readStanding() },
    ask: withinMs => fleet.ask(METRICS, withinMs),
  });
  try {
    return await openHealthServer(port, {
      notReady: () => readiness.reasons(),
      shown: () => ({ workers: readiness.workers() }),
      metrics: () => host.text(),
      onError,
    });
  } catch (error) {
    throw new InvalidConfigError([
      `Expected WORKER_PORT to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}
