import { codeOf } from '../errors/index.ts';
import type { App } from '../contracts/index.ts';
import { InvalidConfigError } from '../config/index.ts';
import type { FactName, Facts } from '../facts/index.ts';
import { loadMetrics, openHealthServer, type HealthServer } from '../telemetry/index.ts';

/** Why a process is not ready: from one fact until the other. */
export type Away = readonly [lost: FactName, back: FactName, reason: string];

export const ENGINE_AWAY: Away = ['engine.lost', 'engine.back', 'The queue engine cannot be reached.'];

export interface ServiceHealthOptions {
  readonly app: App;
  readonly facts: Facts;
  /** The variable that named the port. */
  readonly variable: string;
  readonly port: number;
  readonly away: readonly Away[];
  readonly onError: (error: unknown) => void;
}

/**
 * Serves health and metrics of a process on a port of their own, which is for probes and not for callers.
 * @throws InvalidConfigError when the port is taken or may not be used
 */
export async function serveServiceHealth(options: ServiceHealthOptions): Promise<HealthServer> {
  const { app, facts, variable, port, away, onError } = options;
  const { collectMetrics } = await loadMetrics();
  const metrics = collectMetrics(facts, app);
  const reasons = new Set<string>();
  for (const [lost, back, reason] of away) {
    facts.on(lost, () => reasons.add(reason));
    facts.on(back, () => reasons.delete(reason));
  }
  try {
    return await openHealthServer(port, { notReady: () => [...reasons], metrics: () => metrics.text(), onError });
  } catch (error) {
    throw new InvalidConfigError([
      `Expected ${variable} to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}
