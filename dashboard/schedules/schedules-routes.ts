import express, { Router, type Request } from 'express';
import type { App, Schedule } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Facts } from '../../src/facts/index.ts';
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

interface Asked {
  readonly schedule: Schedule;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

/** `/schedules`: the page and its three actions. Viewers look, operators pause, resume and run. */
export function schedulesRoutes({ base, app, engine, facts, viewerOf }: SchedulesRoutesOptions): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const schedules = await readSchedules(app, engine);
    const now = engine.clock.now();
    response.type('html').send(schedulesPage({ base, viewer: viewerOf(request), schedules, now }));
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
        const message = 'Expected {"name"} of a schedule of the app, {"dryRun"}, and to pause {"reason"}.';
        return answer(request, response, { status: 400, title: 'Bad request', message });
      }
      if (asked.dryRun) markDryRun(response);
      const done = asked.dryRun || (await act(asked, viewerOf(request).name)) ? 1 : 0;
      const report = { matched: 1, done, skipped: 1 - done };
      describeAction(response, { what: `${name} schedule`, on: asked.schedule.name, ...report, reason: asked.reason });
      response.json({ ...report, ...(done === 0 && { why: whyNot }) });
    });
  };
  const run = async ({ schedule }: Asked, by: string): Promise<boolean> =>
    (await runSchedule(engine, facts, schedule, by)) !== '';
  action('run', run, 'it was not queued');
  action(
    'pause',
    ({ schedule, reason }, by) => pauseSchedule(engine, schedule, { by, reason }),
    'it is paused already',
  );
  action('resume', ({ schedule }) => resumeSchedule(engine, schedule), 'it is not paused');
  return router;
}

function readAsked(app: App, body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, dryRun, reason }: Partial<Record<string, unknown>> = body;
  const schedule = app.schedules.find(each => each.name === name);
  if (schedule === undefined || typeof dryRun !== 'boolean') return undefined;
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  return { schedule, dryRun, reason: given };
}
