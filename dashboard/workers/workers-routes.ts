import { Router, type Request } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { readRunningJobs, readUnnamedQueues, recentQueueNames } from '../../src/queue/index.ts';
import { orderWorkers, readFleet, resumeWorkers, tryDestination, type OrderAnswer } from '../../src/runtime/index.ts';
import { actionRoute, type AskedAction } from '../audit/action-route.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import { REFRESH_SECONDS, workersPage } from './workers-page.ts';

export interface WorkersRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly viewerOf: (request: Request) => Viewer;
}

/** Of each queue: the longest. */
const LISTED = 10;
const MOST_NAME = 300;

/** `/workers`: the page and its three orders. Viewers look, operators let hosts and processes be quiet, resume or stop. */
export function workersRoutes({ base, app, engine, viewerOf }: WorkersRoutesOptions): Router {
  const router = Router();
  const look = () =>
    Promise.all([
      readFleet(engine),
      readRunningJobs(engine, app.queues.keys(), LISTED),
      recentQueueNames(engine).then(names => readUnnamedQueues(engine, app, names)),
    ]);
  const looks = new SharedLooks<Awaited<ReturnType<typeof look>>>({ everySeconds: REFRESH_SECONDS });
  router.get('/', async (request, response) => {
    const [fleet, running, unnamed] = await looks.read(request, '', look);
    const now = engine.clock.now();
    response.type('html').send(workersPage({ base, viewer: viewerOf(request), fleet, running, unnamed, now }));
  });
  for (const what of ['quiet', 'stop', 'resume'] as const) {
    const order = ({ name, dryRun }: Asked, by: string): Promise<OrderAnswer> | 'given' => {
      // What has become impossible meanwhile is said to whoever presses the button once more.
      if (dryRun) return 'given';
      return what === 'resume' ? resumeWorkers(engine, name) : orderWorkers(engine, name, { what, by });
    };
    const action = actionRoute({
      what: `${what} workers`,
      viewerOf,
      expected: 'Expected {"name"} of a host or of one of its processes, and {"dryRun"}.',
      read: readAsked,
      async act(asked, by) {
        const why = WHY[await order(asked, by)];
        return { on: asked.name, matched: 1, done: why === undefined ? 1 : 0, why };
      },
    });
    router.post(`/${what}`, ...action);
  }
  const trying = actionRoute({
    what: 'try a paused destination',
    viewerOf,
    expected: 'Expected {"name"} of a paused destination, QUEUE/NAME, and {"dryRun"}.',
    read: readAsked,
    async act({ name, dryRun }) {
      const isPaused = dryRun || (await tryDestination(engine, name));
      return { on: name, matched: 1, done: isPaused ? 1 : 0, why: isPaused ? undefined : 'it is not paused any more' };
    },
  });
  router.post('/try', ...trying);
  return router;
}

const WHY: Readonly<Record<OrderAnswer, string | undefined>> = {
  given: undefined,
  'given already': 'it is so already, or has been told',
  unknown: 'it is not alive any more',
  deaf: 'its release takes no orders',
  'its host is quiet': 'its whole host is quiet: resume that',
  'it stops': 'it was told to stop, which nobody takes back',
};

interface Asked extends AskedAction {
  readonly name: string;
}

function readAsked({ name, dryRun }: Partial<Record<string, unknown>>): Asked | undefined {
  // No name has a control character, and PostgreSQL stores no NUL.
  if (typeof name !== 'string' || name === '' || name.length > MOST_NAME || /\p{Cc}/u.test(name)) return undefined;
  return typeof dryRun === 'boolean' ? { name, dryRun } : undefined;
}
