import { Router, type Request } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import {
  UndecodableJobError,
  cancelJob,
  isOver,
  readJobView,
  readRunningJobs,
  type JobView,
} from '../../src/queue/index.ts';
import { actionRoute, reasonIn, type AskedAction } from '../audit/action-route.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { REFRESH_SECONDS, runningPage } from './running-page.ts';

export interface RunningRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly viewerOf: (request: Request) => Viewer;
}

const LISTED = 100;

/** `/running`: what runs now, a job by its id, and the cancelling of either. Viewers look, operators cancel. */
export function runningRoutes({ base, app, engine, viewerOf }: RunningRoutesOptions): Router {
  const router = Router();
  const look = async (id: string | undefined) => {
    const asked = id === undefined ? undefined : { id, job: await readJobView(engine, id).catch(unreadable) };
    return { asked, jobs: await readRunningJobs(engine, app.queues.keys(), LISTED) };
  };
  const looks = new SharedLooks<Awaited<ReturnType<typeof look>>>({ everySeconds: REFRESH_SECONDS });
  router.get('/', async (request, response) => {
    const viewer = viewerOf(request);
    const id = request.query['job'];
    const asked = typeof id === 'string' && id !== '' ? id : undefined;
    const read = await looks.read(request, asked ?? '', () => look(asked));
    response.type('html').send(runningPage({ base, viewer, ...read, limit: LISTED, now: engine.clock.now() }));
  });
  const cancel = async (id: string, { dryRun, reason }: Asked, by: string): Promise<string | undefined> =>
    dryRun || reason === undefined
      ? whyNot(await readJobView(engine, id))
      : WHY[await cancelJob(engine, id, { reason, by })];
  const action = actionRoute({
    what: 'cancel jobs',
    viewerOf,
    expected: 'Expected {"ids"}, {"dryRun"}, and to cancel {"reason"}.',
    read: readAsked,
    async act(asked, by) {
      const whys: string[] = [];
      for (const id of asked.ids) {
        const why = await cancel(id, asked, by).catch(whyUnreadable);
        if (why !== undefined) whys.push(why);
      }
      const { length: matched } = asked.ids;
      const { reason } = asked;
      return { on: asked.ids.join(', '), matched, done: matched - whys.length, why: whys[0], reason };
    },
  });
  router.post('/cancel', ...action);
  return router;
}

const WHY = { requested: undefined, ended: 'it has ended', unknown: 'no such job is known' } as const;

function whyNot(job: JobView | undefined): string | undefined {
  if (job === undefined) return WHY.unknown;
  return isOver(job.state) ? WHY.ended : undefined;
}

function unreadable(error: unknown): undefined {
  if (!(error instanceof UndecodableJobError)) throw error;
}

/** A worker that gets it ends it by itself. */
function whyUnreadable(error: unknown): string {
  if (error instanceof UndecodableJobError) return error.message;
  throw error;
}

interface Asked extends AskedAction {
  readonly ids: readonly string[];
  readonly reason: string | undefined;
}

function readAsked(fields: Partial<Record<string, unknown>>): Asked | undefined {
  const { ids, dryRun } = fields;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > LISTED || typeof dryRun !== 'boolean') return undefined;
  if (!ids.every((id: unknown): id is string => typeof id === 'string')) return undefined;
  const reason = reasonIn(fields);
  return dryRun || reason !== undefined ? { ids, dryRun, reason } : undefined;
}
