import { Router, type Request } from 'express';
import type { App, Schedule } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { Facts } from '../../src/facts/index.ts';
import { clientOn, UnknownScheduleError } from '../../src/queue/index.ts';
import { pauseSchedule, readSchedules, resumeSchedule, runSchedule } from '../../src/runtime/index.ts';
import { actionRoute, reasonIn, type AskedAction } from '../audit/action-route.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { REFRESH_SECONDS, schedulesPage } from './schedules-page.ts';

export interface SchedulesRoutesOptions {
  readonly base: string;
  readonly app: App;
  readonly engine: Engine;
  readonly facts: Facts;
  readonly viewerOf: (request: Request) => Viewer;
}

const MADE_SHOWN = 50;
const NAME = /^[^\s\p{C}]{1,200}$/u;

interface Asked extends AskedAction {
  readonly name: string;
  /** Undefined: one that was made at run time. */
  readonly schedule: Schedule | undefined;
  readonly reason: string | undefined;
}

/** `/schedules`: the page and its three actions. Viewers look, operators pause, resume and run. */
export function schedulesRoutes({ base, app, engine, facts, viewerOf }: SchedulesRoutesOptions): Router {
  const router = Router();
  const madeAtRunTime = clientOn(engine, facts, undefined, undefined, app).schedules;
  const look = async (page: ReturnType<typeof pageIn>) => {
    const made = await madeAtRunTime.list({ ...page, limit: MADE_SHOWN });
    const shown = app.schedules.filter(({ name }) => page.after === undefined && name.startsWith(page.prefix));
    return { made, schedules: await readSchedules({ ...app, schedules: shown }, engine) };
  };
  const looks = new SharedLooks<Awaited<ReturnType<typeof look>>>({ everySeconds: REFRESH_SECONDS });
  router.get('/', async (request, response) => {
    const page = pageIn(request.query);
    const { made, schedules } = await looks.read(request, `${page.prefix} ${page.after ?? ''}`, () => look(page));
    const now = engine.clock.now();
    const at = { prefix: page.prefix, isFirst: page.after === undefined };
    response.type('html').send(schedulesPage({ base, viewer: viewerOf(request), schedules, made, at, now }));
  });
  const action = (
    name: 'run' | 'pause' | 'resume',
    act: (asked: Asked, by: string) => Promise<boolean>,
    whyNot: string,
  ): void => {
    const route = actionRoute({
      what: `${name} schedule`,
      viewerOf,
      expected: 'Expected {"name"} of a schedule, {"dryRun"}, and to pause {"reason"}.',
      read: fields => readAsked(app, fields),
      async act(asked, by) {
        const isDone = asked.dryRun || (await act(asked, by));
        const { name: on, reason } = asked;
        return { on, matched: 1, done: isDone ? 1 : 0, why: isDone ? undefined : whyNot, reason };
      },
    });
    router.post(`/${name}`, ...route);
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

function readAsked(app: App, fields: Partial<Record<string, unknown>>): Asked | undefined {
  const { name, dryRun } = fields;
  if (typeof name !== 'string' || !NAME.test(name) || typeof dryRun !== 'boolean') return undefined;
  const schedule = app.schedules.find(each => each.name === name);
  return { name, schedule, dryRun, reason: reasonIn(fields) };
}

/** What the address asks for; what is no name asks for nothing. */
function pageIn(query: Request['query']): { readonly prefix: string; readonly after?: string } {
  const { prefix, after } = query;
  return {
    prefix: typeof prefix === 'string' && NAME.test(prefix) ? prefix : '',
    ...(typeof after === 'string' && NAME.test(after) && { after }),
  };
}
