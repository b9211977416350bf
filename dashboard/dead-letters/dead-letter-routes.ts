import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import {
  CAUSE_WORDS,
  decide,
  readDecisions,
  type DeadLetterFilter,
  type DeadLetterReport,
  type DeadLetters,
} from '../../src/dead-letters/index.ts';
import { filterWords, type BulkTasks } from '../../src/bulk/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import type { JournalStore } from '../../src/journal/index.ts';
import { openState } from '../../src/state/index.ts';
import { answer } from '../http/answers.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { mayAct } from '../sign-in/roles.ts';
import { SharedLooks } from '../live/shared-looks.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { firstRelease } from './first-release.ts';
import { DAY } from './sparkline.ts';
import { detailsPage, groupsPage, listPage } from './dead-letter-pages.ts';

export interface DeadLetterRoutesOptions {
  readonly base: string;
  readonly engine: Engine;
  readonly journal: () => Promise<JournalStore>;
  readonly tasks: BulkTasks;
  /** Called with each kind that cannot be read now. */
  readonly open: (onUnread: (kind: string, error: unknown) => void) => DeadLetters;
  readonly viewerOf: (request: Request) => Viewer;
}

const LISTED = 200;
/** How an action goes on is shown more often than what it leaves of the causes, which costs more to read. */
const CAUSES_EVERY_SECONDS = 15;
const PER_SECOND = 50;
const MOST_PER_SECOND = 1_000;
const REASON_LIMIT = 500;

/** The pages and the two actions. Roles: anybody looks, operators replay, admins discard. */
export function deadLetterRoutes({ base, engine, journal, open, tasks, viewerOf }: DeadLetterRoutesOptions): Router {
  const router = Router();
  /** A rehearsal says how many the cause counts; the task itself finds out of each whether it can. */
  const begin = async (response: Response, asked: Asked, what: 'replay' | 'discard', by: string): Promise<void> => {
    const { fingerprint = '' } = asked.filter;
    const matched = await open(ignored).count({ fingerprint, all: true });
    const { reason, perSecond } = asked;
    if (asked.dryRun || matched === 0) return void response.json({ matched, done: matched, skipped: 0 });
    const filter = { cause: fingerprint, everyKind: true };
    const task = await tasks.begin({ what, filter, by, reason, perSecond, total: matched });
    describeAction(response, {
      what: `${what} dead letters in the background`,
      on: filterWords(filter),
      matched,
      reason,
    });
    void tasks.look().catch(() => undefined);
    response.status(202).json({ matched, done: 0, skipped: 0, task: task.id });
  };
  const lookAtCauses = async (all: boolean) => {
    const unread: string[] = [];
    const letters = open(kind => unread.push(kind));
    const groups = await letters.groups({ all });
    const standing = await letters.standing();
    const until = Math.ceil(engine.clock.now() / DAY.stepMs) * DAY.stepMs;
    const strikes = await letters.strikes(groups, { ...DAY, from: until - DAY.steps * DAY.stepMs });
    return { groups, standing, unread, strikes, decisions: await readDecisions(await openState(engine)) };
  };
  const looks = new SharedLooks<Awaited<ReturnType<typeof lookAtCauses>>>({ everySeconds: CAUSES_EVERY_SECONDS });
  router.get('/', async (request, response) => {
    const viewer = viewerOf(request);
    const cause = request.query['cause'];
    response.type('html');
    if (typeof cause === 'string') {
      const unread: string[] = [];
      const letters = open(kind => unread.push(kind));
      const found = await letters.list({ fingerprint: cause, all: true }, LISTED);
      const decision = (await readDecisions(await openState(engine))).get(cause);
      const [group] = (await letters.groups({ all: true, fingerprint: cause })).filter(
        each => each.fingerprint === cause,
      );
      const release = await firstRelease(journal, cause, group?.firstEndedAt);
      response.send(listPage({ base, viewer, letters: found, limit: LISTED, unread, group, decision, release }));
    } else {
      const all = request.query['all'] !== undefined;
      const listed = await tasks.list();
      // What has begun, or is over, has changed the causes: a page on which nothing goes on any more renews itself no more.
      const since = listed.map(({ id, state }) => `${id} ${state}`).join();
      const read = await looks.read(request, `${all ? 'all' : ''} ${since}`, () => lookAtCauses(all));
      response.send(groupsPage({ base, viewer, all, ...read, tasks: listed }));
    }
  });
  router.get('/:id', async (request, response) => {
    const letter = await open(ignored).show(request.params.id);
    if (letter === undefined) return notThere(request, response);
    return void response.type('html').send(detailsPage({ base, viewer: viewerOf(request), letter }));
  });
  router.use(express.json({ limit: '10kb' }));
  router.post('/replay', async (request, response) => {
    const asked = readAsked(request.body);
    if (asked === undefined) return wrongBody(request, response);
    if (asked.dryRun) markDryRun(response);
    const by = viewerOf(request).name;
    if (asked.background) return begin(response, asked, 'replay', by);
    const report = await open(ignored).replay(asked.filter, { by, dryRun: asked.dryRun });
    describeReport(response, 'replay dead letters', asked, report);
    return sendReport(response, report);
  });
  router.post('/discard', async (request, response) => {
    const { name: by, role } = viewerOf(request);
    if (!mayAct(role, 'admin')) {
      return answer(request, response, { status: 403, title: 'Forbidden', message: 'Only an admin may discard.' });
    }
    const asked = readAsked(request.body);
    if (asked?.reason === undefined) return wrongBody(request, response);
    if (asked.dryRun) markDryRun(response);
    if (asked.background) return begin(response, asked, 'discard', by);
    const report = await open(ignored).discard(asked.filter, { by, reason: asked.reason, dryRun: asked.dryRun });
    describeReport(response, 'discard dead letters', asked, report);
    return sendReport(response, report);
  });
  router.post('/tasks', turnTask(tasks, viewerOf));
  router.post('/cause', decideCause(engine, open, viewerOf));
  return router;
}

const TURNS = { pause: 'paused', resume: 'running', stop: 'stopped' } as const;

/** `{id, do}`: a task in the background is paused, goes on, or is stopped. Operators hold a discard up; that it goes on is for admins, as its begin. */
function turnTask(tasks: BulkTasks, viewerOf: DeadLetterRoutesOptions['viewerOf']): RequestHandler {
  return async (request, response) => {
    const { id, do: verb, dryRun }: Partial<Record<string, unknown>> = { ...(request.body as object | undefined) };
    const to = typeof verb === 'string' && Object.hasOwn(TURNS, verb) ? TURNS[verb as keyof typeof TURNS] : undefined;
    if (typeof id !== 'string' || id.length > 100 || to === undefined || typeof dryRun !== 'boolean') {
      const message = 'Expected {"id"} of a task, {"do"}: pause, resume or stop, and {"dryRun"}.';
      return answer(request, response, { status: 400, title: 'Bad request', message });
    }
    if (to === 'running' && !mayAct(viewerOf(request).role, 'admin')) {
      const task = (await tasks.list()).find(each => each.id === id);
      if (task?.what === 'discard') {
        const message = 'Only an admin may let a discard go on.';
        return answer(request, response, { status: 403, title: 'Forbidden', message });
      }
    }
    if (dryRun) markDryRun(response);
    const done = dryRun || (await tasks.turn(id, to)) ? 1 : 0;
    describeAction(response, { what: `${String(verb)} an action in the background`, on: id, matched: 1, done });
    return void response.json({ matched: 1, done, skipped: 1 - done, ...(done === 0 && { why: 'it is over' }) });
  };
}

/** `{fingerprint, says}`: what a person says of a cause; `new` takes it back. */
function decideCause(
  engine: Engine,
  open: DeadLetterRoutesOptions['open'],
  viewerOf: DeadLetterRoutesOptions['viewerOf'],
): RequestHandler {
  return async (request, response) => {
    const { fingerprint, says, dryRun }: Partial<Record<string, unknown>> = { ...(request.body as object | undefined) };
    const word = says === 'new' ? undefined : CAUSE_WORDS.find(each => each === says);
    const known = says === 'new' || word !== undefined;
    if (typeof fingerprint !== 'string' || fingerprint.length > 200 || !known || typeof dryRun !== 'boolean') {
      const message = `Expected {"fingerprint"}, {"says"}: new, ${CAUSE_WORDS.join(', ')}, and {"dryRun"}.`;
      return answer(request, response, { status: 400, title: 'Bad request', message });
    }
    if (dryRun) {
      markDryRun(response);
      return void response.json({ matched: 1, done: 1, skipped: 0 });
    }
    const count = await open(ignored).count({ fingerprint, all: true });
    const decision = word && { says: word, by: viewerOf(request).name, at: engine.clock.now(), count };
    await decide(await openState(engine), fingerprint, decision);
    describeAction(response, { what: `call a cause ${String(says)}`, on: `cause ${fingerprint}`, matched: 1, done: 1 });
    return void response.json({ matched: 1, done: 1, skipped: 0 });
  };
}

/** An action says by itself what it could not find. */
function ignored(): void {}

interface Asked {
  readonly filter: DeadLetterFilter;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
  /** In the background, of a cause. */
  readonly background: boolean;
  readonly perSecond: number;
}

const ASKED: ReadonlySet<string> = new Set(['fingerprint', 'ids', 'dryRun', 'reason', 'background', 'perSecond']);

/** A word that nobody knows may have been meant to narrow what is acted on. */
function hasOnly(body: object, names: ReadonlySet<string>): boolean {
  return Object.keys(body).every(name => names.has(name));
}

/** `{fingerprint}` or `{ids}`, never both and nothing wider: the page has no button for "all". */
function readAsked(body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const {
    fingerprint,
    ids,
    dryRun,
    reason,
    background,
    perSecond = PER_SECOND,
  }: Partial<Record<string, unknown>> = body;
  // A cause says by itself whether its jobs expired or were cancelled.
  if ((fingerprint === undefined) === (ids === undefined) || !hasOnly(body, ASKED)) return undefined;
  const filter = typeof fingerprint === 'string' ? { fingerprint, all: true } : isIds(ids) ? { ids } : undefined;
  if (filter === undefined || typeof dryRun !== 'boolean') return undefined;
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  if (typeof perSecond !== 'number' || !(perSecond >= 1 && perSecond <= MOST_PER_SECOND)) return undefined;
  return { filter, dryRun, reason: given, background: background === true && 'fingerprint' in filter, perSecond };
}

function isIds(ids: unknown): ids is readonly string[] {
  return Array.isArray(ids) && ids.length > 0 && ids.length <= LISTED && ids.every(id => typeof id === 'string');
}

function describeReport(response: Response, what: string, asked: Asked, report: DeadLetterReport): void {
  const { fingerprint, ids = [] } = asked.filter;
  const on = fingerprint === undefined ? ids.join(', ') : `cause ${fingerprint}`;
  const { matched, done, skipped } = report;
  const reason = asked.reason;
  describeAction(response, { what, on, matched, done: done.length, skipped: skipped.length, reason });
}

function sendReport(response: Response, { matched, done, skipped }: DeadLetterReport): void {
  response.json({ matched, done: done.length, skipped: skipped.length, why: skipped[0]?.why });
}

function notThere(request: Request, response: Response): void {
  answer(request, response, { status: 404, title: 'Not found', message: 'No dead letter has this id.' });
}

function wrongBody(request: Request, response: Response): void {
  const message =
    'Expected {"fingerprint"} or {"ids"}, not both, {"dryRun"}, for a discard {"reason"}, and nothing that is not known here.';
  answer(request, response, { status: 400, title: 'Bad request', message });
}
