import type { Express, Request } from 'express';
import type { Engine } from '../src/engine/index.ts';
import type { ReadinessProbe } from './health/readiness.ts';
import { mountedAt } from './http/answers.ts';
import { audit, type DashboardAction } from './audit/record-actions.ts';
import { cookieNames } from './http/cookies.ts';
import { securityHeaders } from './http/headers.ts';
import { refuseNul } from './http/refuse-nul.ts';
import { sameOriginOnly } from './http/same-origin.ts';
import type { LivePace } from './live/live-pace.ts';
import type { MetricsRoute } from './metrics/metrics-route.ts';
import { assets } from './pages/assets.ts';
import type { ScalingRoute } from './scaling/scaling-route.ts';
import { recogniseByLoopback, recogniseBySession, recognisedOnly, Viewers, viewersOnlyRead } from './sign-in/access.ts';
import { recogniseByWord, type Authenticate } from './sign-in/authenticate.ts';
import { askNobodyAgain, askSessionAgain, askWordAgain, type AskAgain } from './sign-in/ask-again.ts';
import { Authenticator } from './sign-in/authenticator.ts';
import { sessionState } from './sign-in/session-state.ts';
import { Sessions, type Viewer } from './sign-in/sessions.ts';
import { signInRoutes } from './sign-in/sign-in-routes.ts';
import type { DashboardUser } from './sign-in/users.ts';

export interface FrontDoorOptions {
  readonly engine: Engine;
  readonly users: readonly DashboardUser[];
  /** Says who asks in place of users who sign in here. */
  readonly authenticate: Authenticate | undefined;
  readonly production: boolean;
  readonly basePath: string;
  readonly pace: LivePace;
  readonly probe: ReadinessProbe;
  readonly metrics: MetricsRoute;
  readonly scaling: Pick<ScalingRoute, 'forPrograms'>;
  /** Whether every queue is open by now. */
  readonly isComplete: () => boolean;
  readonly onAction: (action: DashboardAction) => void;
  readonly report: (error: unknown) => void;
}

/** For the pages behind it. */
export interface BehindTheDoor {
  /** Who asks. */
  readonly viewerOf: (request: Request) => Viewer;
  readonly askAgain: AskAgain;
}

/** The dashboard answers these without a look at who asks. */
const OPEN_TO_ALL = ['/sign-in', '/sign-out'];
/** Searches are posted so that no address holds what is looked for. They change nothing. */
const SEARCHES = ['/jobs'];

/**
 * Adds everything that stands before the pages. The order of these lines decides who gets in. Only recognised people reach what is added to the
 * handler afterwards, and those who may only look change nothing there.
 */
export function frontDoor(handler: Express, options: FrontDoorOptions): BehindTheDoor {
  const {
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
    onAction,
    report,
  } = options;
  const viewers = new Viewers();
  const now = (): number => engine.clock.now();
  const sessions = new Sessions({ users, state: () => sessionState(engine, isComplete()), now });

  handler.use(mountedAt(basePath));
  handler.use(audit(onAction, viewers.of));
  const boardHeaders = securityHeaders(production, 'board');
  const signInHeaders = securityHeaders(production, 'sign-in');
  const pageHeaders = securityHeaders(production, 'pages');
  handler.use((request, response, next) => {
    const [, first] = /^\/(queues|sign-in)(?:\/|$)/i.exec(request.path) ?? [];
    const headers = first === undefined ? pageHeaders : /^q/i.test(first) ? boardHeaders : signInHeaders;
    headers(request, response, next);
  });
  handler.get('/livez', (_request, response) => void response.json({ status: 'alive' }));
  handler.get('/readyz', async (_request, response) => {
    const { ready, reasons } = await probe.ask();
    response.status(ready ? 200 : 503).json(ready ? { status: 'ready' } : { status: 'not ready', reasons });
  });
  handler.use(metrics.forPrograms);
  handler.use(scaling.forPrograms);
  handler.use('/assets', assets());
  const signsIn = authenticate === undefined && users.length > 0;
  handler.use(sameOriginOnly(signsIn ? [...OPEN_TO_ALL, ...SEARCHES] : SEARCHES));
  let askAgain = askNobodyAgain(viewers.of);
  if (authenticate !== undefined) {
    handler.use(recogniseByWord(viewers, authenticate, report));
    askAgain = askWordAgain(authenticate, report);
  } else if (!signsIn) {
    handler.use(recogniseByLoopback(viewers));
  } else {
    handler.use(recogniseBySession(viewers, sessions, cookieNames(production).session));
    askAgain = askSessionAgain(sessions, cookieNames(production).session, pace.askAgainMs);
    const authenticator = new Authenticator(users, now);
    handler.use(signInRoutes({ sessions, authenticator, production, viewerOf: viewers.of }));
  }
  handler.use(recognisedOnly(viewers, signsIn));
  handler.use(refuseNul);
  handler.use(viewersOnlyRead(viewers, SEARCHES));
  handler.use(metrics.forPeople);

  const viewerOf = (request: Request): Viewer => {
    const viewer = viewers.of(request);
    // Unreachable behind `recognisedOnly`; a mistake in the order above must not open anything.
    if (viewer === undefined) throw new Error('A page was reached without a viewer.');
    return viewer;
  };
  return { viewerOf, askAgain };
}
