import type { Request, RequestHandler } from 'express';
import type { Engine } from '../../src/engine/index.ts';
import type { JournalStore, RangeName, Series } from '../../src/journal/index.ts';
import { seriesOf } from '../history/history-route.ts';
import { historyCharts, rangeIn } from '../history/history-view.ts';
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
  /** Whether alerts go anywhere. */
  readonly testsAlerts: boolean;
  readonly journal: () => Promise<JournalStore>;
  readonly viewerOf: (request: Request) => Viewer;
  readonly report: (error: unknown) => void;
}

const SERIES_FRESH_MS = 9_000;
/** What the engine has just answered it need not be asked whether it answers. */
const PROBED_MS = 30_000;

/** The overview answers also while the engine is away: it says so, and when that is all it knows. */
export function overviewRoute(options: OverviewRouteOptions): RequestHandler {
  const histories = new Map<RangeName, { readonly at: number; readonly series: Promise<Series | undefined> }>();
  const { base, engine, probe, works, isComplete, hasProjections, testsAlerts, viewerOf, report } = options;
  return async (request, response) => {
    const read = (isComplete() ? works.read() : undefined)?.catch((error: unknown) => {
      if (!isEngineAway(error)) report(error);
      return undefined;
    });
    const range = rangeIn(request.query['range']);
    const now = engine.clock.now();
    let known = histories.get(range);
    // Every open page asks each ten seconds.
    if (known === undefined || now - known.at > SERIES_FRESH_MS || now < known.at) {
      known = { at: now, series: isComplete() ? seriesOf(options.journal, range, now) : Promise.resolve(undefined) };
      histories.set(range, known);
    }
    const [work, series] = await Promise.all([read, known.series]);
    const { details } = await probe.ask(work === undefined ? undefined : PROBED_MS);
    const history = historyCharts({ base, path: '/', range, series });
    const unread = work === undefined && details.length === 0;
    const problems = unread ? ['The queues could not be read; the log of the dashboard says why.'] : details;
    const kind = engine.kind === 'redis' ? 'Redis' : 'PostgreSQL';
    const page = overviewPage({
      base,
      viewer: viewerOf(request),
      engine: kind,
      work,
      problems,
      hasProjections,
      testsAlerts,
      history,
    });
    response.type('html').send(page);
  };
}
