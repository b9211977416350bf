import type { Request, RequestHandler } from 'express';
import type { Engine } from '../../src/engine/index.ts';
import type { ReadinessProbe } from '../health/readiness.ts';
import { isEngineAway } from '../http/engine-away.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { overviewPage } from './overview-page.ts';
import type { WorkReader } from '../../src/standing/index.ts';

export interface OverviewRouteOptions {
  readonly base: string;
  readonly engine: Engine;
  readonly probe: ReadinessProbe;
  readonly works: WorkReader;
  /** Whether every queue is open by now. */
  readonly isComplete: () => boolean;
  readonly hasProjections: boolean;
  readonly viewerOf: (request: Request) => Viewer;
  readonly report: (error: unknown) => void;
}

/** The overview answers also while the engine is away: it says so, and when that is all it knows. */
export function overviewRoute(options: OverviewRouteOptions): RequestHandler {
  const { base, engine, probe, works, isComplete, hasProjections, viewerOf, report } = options;
  return async (request, response) => {
    const read = (isComplete() ? works.read() : undefined)?.catch((error: unknown) => {
      if (!isEngineAway(error)) report(error);
      return undefined;
    });
    const [{ details }, work] = await Promise.all([probe.ask(), read]);
    const unread = work === undefined && details.length === 0;
    const problems = unread ? ['The queues could not be read; the log of the dashboard says why.'] : details;
    const kind = engine.kind === 'redis' ? 'Redis' : 'PostgreSQL';
    const page = overviewPage({ base, viewer: viewerOf(request), engine: kind, work, problems, hasProjections });
    response.type('html').send(page);
  };
}
