import express from 'express';
import { AuditLog, markActions } from '../src/audit/index.ts';
import { bareError } from '../src/privacy/index.ts';
import { BulkTasks } from '../src/bulk/index.ts';
import { DeadLetters } from '../src/dead-letters/index.ts';
import { Facts } from '../src/facts/index.ts';
import { openJournal } from '../src/journal/index.ts';
import { clientOn } from '../src/queue/index.ts';
import { WorkReader } from '../src/standing/index.ts';
import { QueueBoard } from './board/queue-board.ts';
import { requireOneWayIn, requireOptions, type Dashboard, type DashboardOptions } from './dashboard-options.ts';
import { frontDoor } from './front-door.ts';
import { ReadinessProbe } from './health/readiness.ts';
import { isEngineAway } from './http/engine-away.ts';
import { USUAL_PACE, type LivePace } from './live/live-pace.ts';
import { liveStreams } from './live/live-route.ts';
import { metricsRoute } from './metrics/metrics-route.ts';
import { mountPages } from './mount-pages.ts';
import { scalingRoute } from './scaling/scaling-route.ts';

/**
 * What ops open: the overview, Bull Board over every queue, and the sign-in in front of both.
 * @throws InvalidConfigError without users or `authenticate` in production, with both, and for options that are left out or mistaken
 */
export function createDashboard(options: DashboardOptions): Dashboard {
  return dashboardAtPace(options, USUAL_PACE);
}

/** The same, for tests, which need not wait as long for what open pages are sent. */
export function dashboardAtPace(options: DashboardOptions, pace: LivePace): Dashboard {
  requireOptions(options);
  requireOneWayIn(options);
  const { app, engine, users = [], authenticate, production, basePath = '', metricsToken: token } = options;
  const { otherLetters: others, facts = new Facts(), journal = () => openJournal(engine) } = options;
  // A driver's own carries the command that failed, such as a job that was added by hand.
  const report = (error: unknown): void => options.onError?.(error instanceof Error ? bareError(error) : error);
  engine.place(app);
  const board = new QueueBoard({ app, engine, basePath, facts, onError: report });
  const isComplete = (): boolean => board.complete;
  // While the engine is away or not ready the board and the pages say so: what goes on beside them does not say it once more.
  const reportBeside = (error: unknown): void => (isComplete() && !isEngineAway(error) ? report(error) : undefined);
  const letters = (onUnread: (kind: string, error: unknown) => void): DeadLetters =>
    new DeadLetters({ engine, app, facts, others, onUnread, bounded: true });
  const unread = (_kind: string, error: unknown): void => report(error);
  const probe = new ReadinessProbe(engine, isComplete);
  const scaling = scalingRoute({ base: basePath, app, engine, journal, token });
  const metrics = metricsRoute({ app, facts, engine, token, scaling: scaling.read });
  const log = new AuditLog(engine, reportBeside);
  const mark = markActions({ journal, now: () => engine.clock.now() });
  const client = clientOn(engine, facts, undefined, undefined, app);
  const tasks = new BulkTasks({ engine, app, letters: letters(unread), client, onError: reportBeside });
  const works = new WorkReader({ app, engine, queues: () => board.queues, letters: letters(unread) });

  const handler = express();
  handler.disable('x-powered-by');
  handler.set('trust proxy', options.trustProxy ?? false);
  handler.set('query parser', 'simple');
  const { viewerOf, askAgain } = frontDoor(handler, {
    engine,
    users,
    authenticate,
    production,
    basePath,
    pace,
    probe,
    metrics,
    scaling,
    isComplete,
    onAction(action) {
      log.write(action);
      void mark(action);
      options.onAction?.(action);
    },
    report,
  });
  const { projections, traceLink, testAlert } = options;
  const pages = {
    base: basePath,
    app,
    engine,
    client,
    facts,
    journal,
    viewerOf,
    askAgain,
    report,
    projections,
    traceLink,
    testAlert,
  };
  const streams = liveStreams(pace);
  mountPages(handler, { ...pages, board, probe, works, letters, tasks, log, scaling, pace, streams });

  void board.open();
  tasks.start();
  return {
    handler,
    endStreams: () => streams.close(),
    async close() {
      streams.close();
      board.close();
      await tasks.close();
      await Promise.all([metrics.stop(), log.close()]);
    },
  };
}
