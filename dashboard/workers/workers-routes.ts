import express, { Router, type Request } from 'express';
import type { App } from '../../src/contracts/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { readRunningJobs, readUnnamedQueues, recentQueueNames } from '../../src/queue/index.ts';
import { orderWorkers, readFleet, resumeWorkers, type OrderAnswer } from '../../src/runtime/index.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { answer } from '../http/answers.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { workersPage } from './workers-page.ts';

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
  router.get('/', async (request, response) => {
    const [fleet, running, unnamed] = await Promise.all([
      readFleet(engine),
      readRunningJobs(engine, app.queues.keys(), LISTED),
      recentQueueNames(engine).then(names => readUnnamedQueues(engine, app, names)),
    ]);
    const now = engine.clock.now();
    response.type('html').send(workersPage({ base, viewer: viewerOf(request), fleet, running, unnamed, now }));
  });
  router.use(express.json({ limit: '10kb' }));
  for (const what of ['quiet', 'stop', 'resume'] as const) {
    router.post(`/${what}`, async (request, response) => {
      const asked = readAsked(request.body);
      if (asked === undefined) {
        const message = 'Expected {"name"} of a host or of one of its processes, and {"dryRun"}.';
        return answer(request, response, { status: 400, title: 'Bad request', message });
      }
      const { name, dryRun } = asked;
      const by = viewerOf(request).name;
      if (dryRun) {
        // Who presses once is shown the button once more: what has become impossible meanwhile is said then.
        markDryRun(response);
        return response.json({ matched: 1, done: 1, skipped: 0 });
      }
      const given = await (what === 'resume' ? resumeWorkers(engine, name) : orderWorkers(engine, name, { what, by }));
      const why = WHY[given];
      const done = why === undefined ? 1 : 0;
      describeAction(response, { what: `${what} workers`, on: name, matched: 1, done, skipped: 1 - done });
      response.json({ matched: 1, done, skipped: 1 - done, why });
    });
  }
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

function readAsked(body: unknown): { readonly name: string; readonly dryRun: boolean } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, dryRun }: Partial<Record<string, unknown>> = body;
  // No name has a control character, and PostgreSQL stores no NUL.
  if (typeof name !== 'string' || name === '' || name.length > MOST_NAME || /\p{Cc}/u.test(name)) return undefined;
  return typeof dryRun === 'boolean' ? { name, dryRun } : undefined;
}
