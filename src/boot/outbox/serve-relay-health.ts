import { codeOf } from '../../errors/index.ts';
import type { App } from '../../contracts/index.ts';
import { InvalidConfigError } from '../../config/index.ts';
import type { FactName, Facts } from '../../facts/index.ts';
import { loadMetrics, openHealthServer, type HealthServer } from '../../telemetry/index.ts';

const AWAY: readonly (readonly [lost: FactName, back: FactName, reason: string])[] = [
  ['outbox.stalled', 'outbox.resumed', 'The outbox stands still: its database, the queue engine or the bus is away.'],
  ['projection.stalled', 'projection.resumed', 'A projection stands still.'],
  ['engine.lost', 'engine.back', 'The queue engine cannot be reached.'],
  ['bus.lost', 'bus.back', 'The bus cannot be reached.'],
];

/**
 * Serves health and metrics of a relay on RELAY_PORT.
 * @throws InvalidConfigError when the port is taken or may not be used
 */
export async function serveRelayHealth(
  app: App,
  port: number,
  facts: Facts,
  onError: (error: unknown) => void,
): Promise<HealthServer> {
  const { collectMetrics } = await loadMetrics();
  const metrics = collectMetrics(facts, app);
  const reasons = new Set<string>();
  for (const [lost, back, reason] of AWAY) {
    facts.on(lost, () => reasons.add(reason));
    facts.on(back, () => reasons.delete(reason));
  }
  try {
    return await openHealthServer(port, { notReady: () => [...reasons], metrics: () => metrics.text(), onError });
  } catch (error) {
    throw new InvalidConfigError([
      `Expected RELAY_PORT to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}
