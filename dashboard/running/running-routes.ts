import express, { Router, type Request } from 'express';
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
import { answer } from '../http/answers.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { runningPage } from './running-page.ts';

export interface RunningRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly viewerOf: (request: Request) => Viewer;
}

const LISTED = 100;
const REASON_LIMIT = 500;

/** `/running`: what runs now, a job by its id, and the cancelling of either. Viewers look, operators cancel. */
export function runningRoutes({ base, app, engine, viewerOf }: RunningRoutesOptions): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const viewer = viewerOf(request);
    const id = request.query['job'];
    const asked =
      typeof id === 'string' && id !== '' ? { id, job: await readJobView(engine, id).catch(unreadable) } : undefined;
    const jobs = await readRunningJobs(engine, app.queues.keys(), LISTED);
    response.type('html').send(runningPage({ base, viewer, jobs, limit: LISTED, asked }));
  });
  router.use(express.json({ limit: '10kb' }));
  router.post('/cancel', async (request, response) => {
    const asked = readAsked(request.body);
    if (asked === undefined) {
      const message = 'Expected {"ids"}, {"dryRun"}, and to cancel {"reason"}.';
      return answer(request, response, { status: 400, title: 'Bad request', message });
    }
    if (asked.dryRun) markDryRun(response);
    const by = viewerOf(request).name;
    const whys: string[] = [];
    let done = 0;
    for (const id of asked.ids) {
      const why = await (
        asked.dryRun || asked.reason === undefined
          ? readJobView(engine, id).then(whyNot)
          : cancelJob(engine, id, { reason: asked.reason, by }).then(found => WHY[found])
      ).catch(whyUnreadable);
      if (why === undefined) done += 1;
      else whys.push(why);
    }
    const matched = asked.ids.length;
    const on = asked.ids.join(', ');
    describeAction(response, { what: 'cancel jobs', on, matched, done, skipped: whys.length, reason: asked.reason });
    response.json({ matched: asked.ids.length, done, skipped: whys.length, why: whys[0] });
  });
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

interface Asked {
  readonly ids: readonly string[];
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

function readAsked(body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { ids, dryRun, reason }: Partial<Record<string, unknown>> = body;
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > LISTED || typeof dryRun !== 'boolean') return undefined;
  if (!ids.every((id: unknown): id is string => typeof id === 'string')) return undefined;
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  return dryRun || given !== undefined ? { ids, dryRun, reason: given } : undefined;
}
