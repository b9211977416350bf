import express, { Router, type Request } from 'express';
import type { App, Schedule } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Facts } from '../../src/facts/index.ts';
import { clientOn, UnknownScheduleError } from '../../src/queue/index.ts';
import { pauseSchedule, readSchedules, resumeSchedule, runSchedule } from '../../src/runtime/index.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { answer } from '../http/answers.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { schedulesPage } from './schedules-page.ts';

export interface SchedulesRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  readonly viewerOf: (request: Request) => Viewer;
}

const REASON_LIMIT = 500;
const MADE_SHOWN = 50;
const NAME = /^[^\s\p{C}]{1,200}$/u;

interface Asked {
  readonly name: string;
  /** Undefined: one that was made at run time. */
  readonly schedule: Schedule | undefined;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

/** `/schedules`: the page and its three actions. Viewers look, operators pause, resume and run. */
export function schedulesRoutes({ base, app, engine, facts, viewerOf }: SchedulesRoutesOptions): Router {
  const router = Router();
  const madeAtRunTime = clientOn(engine, facts, undefined, undefined, app).schedules;
  router.get('/', async (request, response) => {
    const page = pageIn(request.query);
    const made = await madeAtRunTime.list({ ...page, limit: MADE_SHOWN });
    const shown = app.schedules.filter(({ name }) => page.after === undefined && name.startsWith(page.prefix));
    const schedules = await readSchedules({ ...app, schedules: shown }, engine);
    const now = engine.clock.now();
    const at = { prefix: page.prefix, isFirst: page.after === undefined };
    response.type('html').send(schedulesPage({ base, viewer: viewerOf(request), schedules, made, at, now }));
  });
  router.use(express.json({ limit: '10kb' }));
  const action = (
    name: 'run' | 'pause' | 'resume',
    act: (asked: Asked, by: string) => Promise<boolean>,
    whyNot: string,
  ): void => {
    router.post(`/${name}`, async (request, response) => {
      const asked = readAsked(app, request.body);
      if (asked === undefined) {
        const message = 'Expected {"name"} of a schedule, {"dryRun"}, and to pause {"reason"}.';
        return answer(request, response, { status: 400, title: 'Bad request', message });
      }
      if (asked.dryRun) markDryRun(response);
      const done = asked.dryRun || (await act(asked, viewerOf(request).name)) ? 1 : 0;
      const report = { matched: 1, done, skipped: 1 - done };
      describeAction(response, { what: `${name} schedule`, on: asked.name, ...report, reason: asked.reason });
      response.json({ ...report, ...(done === 0 && { why: whyNot }) });
    });
  };
  const gone = (error: unknown): false => {
    if (error instanceof UnknownScheduleError) return false;
    throw error;
  };
  action(
    'run',
    async ({ name, schedule }, by) => {
      if (schedule !== undefined) return (await runSchedule(engine, facts, schedule, by)) !== '';
      return madeAtRunTime.run(name, { by }).then(() => true, gone);
    },
    'it was not queued: it is gone',
  );
  action(
    'pause',
    ({ name, schedule, reason }, by) =>
      schedule === undefined
        ? madeAtRunTime.pause(name, { by, ...(reason !== undefined && { reason }) }).catch(gone)
        : pauseSchedule(engine, schedule, { by, reason }),
    'it is paused already, or gone',
  );
  action(
    'resume',
    ({ name, schedule }) =>
      schedule === undefined ? madeAtRunTime.resume(name).catch(gone) : resumeSchedule(engine, schedule),
    'it is not paused, or gone',
  );
  return router;
}

function readAsked(app: App, body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, dryRun, reason }: Partial<Record<string, unknown>> = body;
  if (typeof name !== 'string' || !NAME.test(name) || typeof dryRun !== 'boolean') return undefined;
  const schedule = app.schedules.find(each => each.name === name);
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  return { name, schedule, dryRun, reason: given };
}

/** What the address asks for; what is no name asks for nothing. */
function pageIn(query: Request['query']): { readonly prefix: string; readonly after?: string } {
  const { prefix, after } = query;
  return {
    prefix: typeof prefix === 'string' && NAME.test(prefix) ? prefix : '',
    ...(typeof after === 'string' && NAME.test(after) && { after }),
  };
}
