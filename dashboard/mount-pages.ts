import express, { type Express, type Request, type RequestHandler } from 'express';
import type { App } from '../src/contracts/index.ts';
import type { BulkTasks } from '../src/bulk/index.ts';
import type { DeadLetters } from '../src/dead-letters/index.ts';
import type { Engine } from '../src/engine/index.ts';
import type { Facts } from '../src/facts/index.ts';
import type { OpenStreams } from '../src/http/index.ts';
import type { JournalStore } from '../src/journal/index.ts';
import type { Client } from '../src/queue/index.ts';
import type { WorkReader } from '../src/standing/index.ts';
import { alertTestRoute } from './alerts/alert-test-route.ts';
import type { AuditLog } from '../src/audit/index.ts';
import { auditRoute } from './audit/audit-route.ts';
import type { QueueBoard } from './board/queue-board.ts';
import { deadLetterRoutes } from './dead-letters/dead-letter-routes.ts';
import type { ReadinessProbe } from './health/readiness.ts';
import { historyRoute } from './history/history-route.ts';
import { answer } from './http/answers.ts';
import { answerEngineAway } from './http/engine-away.ts';
import { errorAnswers } from './http/errors.ts';
import { refusePrototypes } from './http/refuse-prototypes.ts';
import { jobsRoutes } from './jobs/jobs-routes.ts';
import { stateCounts } from './jobs/state-counts.ts';
import { LiveOverview } from './live/live-overview.ts';
import type { LivePace } from './live/live-pace.ts';
import { liveRoute } from './live/live-route.ts';
import { OverviewReader } from './overview/overview-reader.ts';
import { overviewRoute } from './overview/overview-route.ts';
import type { ProjectionsView } from './projections/projections-page.ts';
import { projectionsRoute } from './projections/projections-route.ts';
import { runningRoutes } from './running/running-routes.ts';
import type { ScalingRoute } from './scaling/scaling-route.ts';
import { schedulesRoutes } from './schedules/schedules-routes.ts';
import type { AskAgain } from './sign-in/ask-again.ts';
import type { Viewer } from './sign-in/sessions.ts';
import { workersRoutes } from './workers/workers-routes.ts';

/** What pages are made of. Each takes of it what it shows. */
export interface PageParts {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly client: Client;
  readonly facts: Facts;
  readonly board: QueueBoard;
  readonly probe: ReadinessProbe;
  readonly works: WorkReader;
  readonly letters: (onUnread: (kind: string, error: unknown) => void) => DeadLetters;
  readonly tasks: BulkTasks;
  readonly log: AuditLog;
  readonly scaling: Pick<ScalingRoute, 'forPeople'>;
  readonly journal: () => Promise<JournalStore>;
  readonly projections: ProjectionsView | undefined;
  readonly traceLink: string | undefined;
  readonly testAlert: (() => Promise<void>) | undefined;
  readonly viewerOf: (request: Request) => Viewer;
  readonly askAgain: AskAgain;
  readonly pace: LivePace;
  /** Those that pages follow. */
  readonly streams: OpenStreams;
  readonly report: (error: unknown) => void;
}

/** Larger than the 256 KiB that a job may carry, with its wrapping. */
const MOST_BYTES = '300kb';

/** The pages, behind the front door: one line each, and what is answered where there is none. */
export function mountPages(handler: Express, parts: PageParts): void {
  const { base, app, engine, client, facts, board, journal, viewerOf, report, projections, traceLink } = parts;
  const { probe, works, letters: open, tasks, log, scaling, testAlert, pace, streams, askAgain } = parts;
  const about = {
    base,
    engine: engine.kind === 'redis' ? 'Redis' : 'PostgreSQL',
    contracts: app.jobs,
    hasProjections: projections !== undefined,
    testsAlerts: testAlert !== undefined,
  };
  const reader = new OverviewReader({ app, engine, probe, works, isComplete: () => board.complete, journal, report });
  handler.get('/', overviewRoute({ about, reader, viewerOf }));
  const live = new LiveOverview({ about, reader, report, lookMs: pace.lookMs });
  handler.get('/live', liveRoute({ live, streams, viewerOf, askAgain }));
  // These pages read the engine themselves; where it is away they say so as the others do.
  const whenThere: RequestHandler = (request, response, next) =>
    board.complete ? next() : answerEngineAway(request, response);
  handler.use('/dead-letters', whenThere, deadLetterRoutes({ base, engine, journal, open, tasks, viewerOf }));
  const letters = open((_, error) => report(error));
  const counts = stateCounts(works);
  const ofJobs = { base, app, engine, client, journal, tasks, letters, counts, traceLink, viewerOf };
  handler.use('/jobs', whenThere, jobsRoutes(ofJobs));
  handler.get('/history', whenThere, historyRoute({ base, app, engine, journal, viewerOf }));
  handler.use('/running', whenThere, runningRoutes({ base, app, engine, viewerOf }));
  handler.use('/schedules', whenThere, schedulesRoutes({ base, app, engine, facts, viewerOf }));
  handler.use('/workers', whenThere, workersRoutes({ base, app, engine, viewerOf }));
  handler.get('/scaling', whenThere, scaling.forPeople(viewerOf));
  handler.get('/audit', whenThere, auditRoute({ base, log, viewerOf }));
  if (testAlert !== undefined) handler.use('/alerts', alertTestRoute({ send: testAlert, viewerOf, report }));
  handler.use(projectionsRoute(base, projections, viewerOf));
  handler.use('/queues', express.json({ limit: MOST_BYTES }), refusePrototypes, (request, response, next) => {
    if (!board.complete) return answerEngineAway(request, response);
    if (request.path.startsWith('/static/')) response.setHeader('Cache-Control', 'private, max-age=3600');
    return board.handle(viewerOf(request))(request, response, next);
  });
  handler.use((request, response) =>
    answer(request, response, { status: 404, title: 'Not found', message: 'There is nothing at this address.' }),
  );
  handler.use(errorAnswers(report));
}
