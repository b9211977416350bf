import express, { type Express, type RequestHandler } from 'express';
import { bareError } from '../src/privacy/index.ts';
import { type App } from '../src/contracts/index.ts';
import { DeadLetters, LetterTasks, type OtherDeadLetters } from '../src/dead-letters/index.ts';
import type { Engine } from '../src/engine/index.ts';
import { InvalidConfigError } from '../src/config/index.ts';
import { Facts } from '../src/facts/index.ts';
import { openJournal, type JournalStore } from '../src/journal/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { AuditLog } from './audit/audit-log.ts';
import { auditRoute } from './audit/audit-route.ts';
import { QueueBoard } from './board/queue-board.ts';
import { ReadinessProbe } from './health/readiness.ts';
import { frontDoor } from './front-door.ts';
import { answer } from './http/answers.ts';
import type { DashboardAction } from './audit/record-actions.ts';
import { historyRoute } from './history/history-route.ts';
import { jobsRoutes } from './jobs/jobs-routes.ts';
import { answerEngineAway, isEngineAway } from './http/engine-away.ts';
import { deadLetterRoutes } from './dead-letters/dead-letter-routes.ts';
import { workersRoutes } from './workers/workers-routes.ts';
import { errorAnswers } from './http/errors.ts';
import { refusePrototypes } from './http/refuse-prototypes.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { scalingRoute } from './scaling/scaling-route.ts';
import { overviewRoute } from './overview/overview-route.ts';
import { WorkReader } from '../src/standing/index.ts';
import type { ProjectionsView } from './projections/projections-page.ts';
import { projectionsRoute } from './projections/projections-route.ts';
import { schedulesRoutes } from './schedules/schedules-routes.ts';
import { runningRoutes } from './running/running-routes.ts';
import type { Authenticate } from './sign-in/authenticate.ts';
import type { DashboardUser } from './sign-in/users.ts';

export interface DashboardOptions {
  readonly app: App;
  /** Opened by the caller, who also closes it. It may be away. */
  readonly engine: Engine;
  /** Who may sign in here. Nobody, and no `authenticate`: allowed in development alone, and then only for a browser on this machine. */
  readonly users?: readonly DashboardUser[];
  /**
   * Says who asks, in an app that knows its people: nobody signs in here then. An undefined answer, one without a role that there is, and
   * whatever it throws are 401. What changes something still has to come from a page of the dashboard.
   */
  readonly authenticate?: Authenticate | undefined;
  readonly production: boolean;
  /** As express takes it: hops, or addresses of proxies whose X-Forwarded-For is believed. Nobody's by default. */
  readonly trustProxy?: number | string | undefined;
  /** The path at which people reach it, such as `/ops`, whether or not it is taken off before `handler`; empty for the root. */
  readonly basePath?: string;
  /** What a program that asks for `/metrics` shows as a bearer token; without one it has to sign in as people do. */
  readonly metricsToken?: string | undefined;
  /** The projections of the app's event store, for `/projections`; none by default. */
  readonly projections?: ProjectionsView | undefined;
  /** The journal, where it is not beside the queues: as workers with a DATABASE_URL keep it. */
  readonly journal?: (() => Promise<JournalStore>) | undefined;
  /** Where traces are shown, with `{trace}` for the id. */
  readonly traceLink?: string | undefined;
  /** Dead letters that are no jobs: of subscriptions, of projections. */
  readonly otherLetters?: readonly OtherDeadLetters[] | undefined;
  /** Where jobs that are added by hand are stated; nowhere by default. */
  readonly facts?: Facts;
  /** Called with each change that somebody made or was refused. */
  readonly onAction?: (action: DashboardAction) => void;
  /** Called with each failure whose cause was kept from the answer. */
  readonly onError?: (error: unknown) => void;
}

export interface Dashboard {
  /** An express app: listen with it, or mount it in yours before any body parser. */
  readonly handler: Express;
  /** Stops looking for queues. The engine stays open. */
  close(): Promise<void>;
}

/** Larger than the 256 KiB that a job may carry, with its wrapping. */
const MOST_BYTES = '300kb';

/**
 * What ops open: the overview, Bull Board over every queue, and the sign-in in front of both.
 * @throws InvalidConfigError without users or `authenticate` in production, and with both
 */
export function createDashboard({
  app,
  engine,
  users = [],
  authenticate,
  production,
  trustProxy,
  basePath = '',
  metricsToken,
  projections,
  otherLetters,
  journal = () => openJournal(engine),
  traceLink,
  facts = new Facts(),
  onAction = () => undefined,
  onError = () => undefined,
}: DashboardOptions): Dashboard {
  if (production && users.length === 0 && authenticate === undefined) {
    throw new InvalidConfigError([
      'Expected DASHBOARD_USERS to name at least one user in production (name:role:hash); make a hash with "shiftwork users hash".',
    ]);
  }
  if (users.length > 0 && authenticate !== undefined) {
    throw new InvalidConfigError(['Expected "users" or "authenticate", found both: there is one way in.']);
  }
  // A driver's own carries the command that failed, such as a job that was added by hand.
  const report = (error: unknown): void => onError(error instanceof Error ? bareError(error) : error);
  engine.place(app);
  const board = new QueueBoard({ app, engine, basePath, facts, onError: report });
  const probe = new ReadinessProbe(engine, () => board.complete);
  const metrics = metricsRoute({
    app,
    facts,
    engine,
    token: metricsToken,
  });
  const scaling = scalingRoute({ base: basePath, app, engine, journal, token: metricsToken });
  // While the engine is away or not ready the board and the pages say so: what goes on beside them does not say it once more.
  const reportBeside = (error: unknown): void => (board.complete && !isEngineAway(error) ? report(error) : undefined);
  const log = new AuditLog(engine, reportBeside);
  const isComplete = (): boolean => board.complete;
  const handler = express();
  handler.disable('x-powered-by');
  handler.set('trust proxy', trustProxy ?? false);
  handler.set('query parser', 'simple');
  const viewerOf = frontDoor(handler, {
    engine,
    users,
    authenticate,
    production,
    basePath,
    probe,
    metrics,
    scaling,
    isComplete,
    onAction(action) {
      log.write(action);
      onAction(action);
    },
    report,
  });

  const open = (onUnread: (kind: string, error: unknown) => void): DeadLetters =>
    new DeadLetters({ engine, app, facts, others: otherLetters, onUnread, bounded: true });
  const tasks = new LetterTasks({ engine, letters: open((_, error) => report(error)), onError: reportBeside });
  const works = new WorkReader({ app, engine, queues: () => board.queues, letters: open((_, error) => report(error)) });
  const hasProjections = projections !== undefined;
  handler.get(
    '/',
    overviewRoute({ base: basePath, engine, probe, works, isComplete, hasProjections, journal, viewerOf, report }),
  );
  // These pages read the engine themselves; where it is away they say so as the others do.
  const whenThere: RequestHandler = (request, response, next) =>
    board.complete ? next() : answerEngineAway(request, response);
  handler.use('/dead-letters', whenThere, deadLetterRoutes({ base: basePath, engine, open, tasks, viewerOf }));
  const client = clientOn(engine, facts, undefined, undefined, app);
  handler.use('/jobs', whenThere, jobsRoutes({ base: basePath, app, engine, client, journal, traceLink, viewerOf }));
  handler.get('/history', whenThere, historyRoute({ base: basePath, app, engine, journal, viewerOf }));
  handler.use('/running', whenThere, runningRoutes({ base: basePath, app, engine, viewerOf }));
  handler.use('/schedules', whenThere, schedulesRoutes({ base: basePath, app, engine, facts, viewerOf }));
  handler.use('/workers', whenThere, workersRoutes({ base: basePath, app, engine, viewerOf }));
  handler.get('/scaling', whenThere, scaling.forPeople(viewerOf));
  handler.get('/audit', whenThere, auditRoute({ base: basePath, log, viewerOf }));
  handler.use(projectionsRoute(basePath, projections, viewerOf));
  handler.use('/queues', express.json({ limit: MOST_BYTES }), refusePrototypes, (request, response, next) => {
    if (!board.complete) return answerEngineAway(request, response);
    if (request.path.startsWith('/static/')) response.setHeader('Cache-Control', 'private, max-age=3600');
    return board.handle(viewerOf(request))(request, response, next);
  });
  handler.use((request, response) =>
    answer(request, response, { status: 404, title: 'Not found', message: 'There is nothing at this address.' }),
  );
  handler.use(errorAnswers(report));

  void board.open();
  tasks.start();
  return {
    handler,
    async close() {
      board.close();
      await tasks.close();
      await Promise.all([metrics.stop(), log.close()]);
    },
  };
}
