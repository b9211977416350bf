import { setTimeout as sleep } from 'node:timers/promises';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Facts } from '../../src/facts/index.ts';
import { SharedStanding, type AppScaling } from '../../src/standing/index.ts';
import { EXPOSITION_TYPE, loadMetrics } from '../../src/telemetry/index.ts';
import { showsToken } from '../sign-in/shows-token.ts';

/** Nobody who is scraped waits longer for how many processes are needed: what was reckoned last is told. */
const SLOW_MS = 200;

export interface MetricsRouteOptions {
  readonly app: App;
  readonly facts: Facts;
  /** What a program shows instead of signing in; undefined: only people who have signed in see metrics. */
  readonly token: string | undefined;
  readonly engine: Engine;
  /** How many processes each queue needs. */
  readonly scaling: () => Promise<AppScaling>;
}

export interface MetricsRoute {
  /** For programs; passes on to the next handler whoever does not show the token. To stand before the sign-in. */
  readonly forPrograms: RequestHandler;
  /** For people; to stand behind the sign-in. */
  readonly forPeople: RequestHandler;
  stop(): Promise<void>;
}

/**
 * `/metrics`: how the queues stand, and this process. Names of queues and jobs are in it and how much work there is, so it is not for
 * everybody: health is.
 */
export function metricsRoute({ app, facts, token, engine, scaling }: MetricsRouteOptions): MetricsRoute {
  let engineAway = false;
  const heard = [
    facts.on('engine.lost', () => (engineAway = true)),
    facts.on('engine.back', () => (engineAway = false)),
  ];
  const standing = new SharedStanding({ app, engine });
  let needed: AppScaling | undefined;
  const readNeeded = async (): Promise<void> => {
    needed = await scaling().catch(() => undefined);
  };
  const read = async () => {
    // Where the journal does not answer, or takes long, the rest is told all the same.
    const [work] = await Promise.all([
      standing.read(),
      Promise.race([readNeeded(), sleep(SLOW_MS, undefined, { ref: false })]),
    ]);
    return { ...work, scaling: needed?.queues };
  };
  const counting = loadMetrics().then(({ collectMetrics, WorkGauges }) => {
    const metrics = collectMetrics(facts, app, { engineAway });
    const gauges = new WorkGauges(metrics.registry, app, { read });
    return { metrics, gauges };
  });
  const give = async (_request: Request, response: Response): Promise<void> => {
    const { metrics, gauges } = await counting;
    await gauges.refresh();
    const text = await metrics.text();
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Type', EXPOSITION_TYPE);
    response.end(text);
  };
  return {
    forPrograms: Router().get('/metrics', (request, response, next) =>
      showsToken(request, token) ? give(request, response) : next(),
    ),
    forPeople: Router().get('/metrics', give),
    async stop() {
      for (const stop of heard) stop();
      (await counting).metrics.stop();
    },
  };
}
