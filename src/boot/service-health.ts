import { codeOf } from '../errors/index.ts';
import type { App } from '../contracts/index.ts';
import { InvalidConfigError } from '../config/index.ts';
import type { FactName, Facts } from '../facts/index.ts';
import { loadMetrics, openHealthServer, type HealthServer } from '../telemetry/index.ts';

/** Why a process is not ready: from one fact until the other. */
export type Away = readonly [lost: FactName, back: FactName, reason: string];

export const ENGINE_AWAY: Away = ['engine.lost', 'engine.back', 'The queue engine cannot be reached.'];

export interface ReadinessOptions {
  readonly facts: Facts;
  readonly away: readonly Away[];
  /** Aborts when the process is asked to stop. */
  readonly stop: AbortSignal;
}

/** Whether a process should get work: what `/readyz` says of it, on whichever port it is asked. */
export class ServiceReadiness {
  readonly #stop: AbortSignal;
  readonly #away = new Set<string>();
  #isOpen = false;

  constructor({ facts, away, stop }: ReadinessOptions) {
    this.#stop = stop;
    for (const [lost, back, reason] of away) {
      facts.on(lost, () => this.#away.add(reason));
      facts.on(back, () => this.#away.delete(reason));
    }
  }

  /** It has begun to do what it is there for. */
  opened(): void {
    this.#isOpen = true;
  }

  /** None where it is ready. */
  reasons(): readonly string[] {
    if (this.#stop.aborted) return ['It is stopping and takes nothing new.'];
    return [...(this.#isOpen ? [] : ['It is starting.']), ...this.#away];
  }
}

export interface ServiceHealthOptions {
  readonly app: App;
  readonly facts: Facts;
  /** The variable that named the port. */
  readonly variable: string;
  readonly port: number;
  readonly readiness: ServiceReadiness;
  readonly onError: (error: unknown) => void;
}

/**
 * Serves health and metrics of a process on a port of their own, which is for probes and not for callers.
 * @throws InvalidConfigError when the port is taken or may not be used
 */
export async function serveServiceHealth(options: ServiceHealthOptions): Promise<HealthServer> {
  const { app, facts, variable, port, readiness, onError } = options;
  const { collectMetrics } = await loadMetrics();
  const metrics = collectMetrics(facts, app);
  try {
    return await openHealthServer(port, {
      notReady: () => readiness.reasons(),
      metrics: () => metrics.text(),
      onError,
    });
  } catch (error) {
    throw new InvalidConfigError([
      `Expected ${variable} to be a free port, got ${port} (${codeOf(error) ?? 'it cannot be listened on'}).`,
    ]);
  }
}
