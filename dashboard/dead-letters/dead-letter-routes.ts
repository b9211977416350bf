import express, { Router, type Request, type Response } from 'express';
import type { DeadLetterFilter, DeadLetterReport, DeadLetters } from '../../src/dead-letters/index.ts';
import { answer } from '../http/answers.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { detailsPage, groupsPage, listPage } from './dead-letter-pages.ts';

export interface DeadLetterRoutesOptions {
  readonly base: string;
  /** Called with each kind that cannot be read now. */
  readonly open: (onUnread: (kind: string, error: unknown) => void) => DeadLetters;
  readonly viewerOf: (request: Request) => Viewer;
}

const LISTED = 200;
const REASON_LIMIT = 500;

/** The pages and the two actions. Roles: anybody looks, operators replay, admins discard. */
export function deadLetterRoutes({ base, open, viewerOf }: DeadLetterRoutesOptions): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const viewer = viewerOf(request);
    const cause = request.query['cause'];
    const unread: string[] = [];
    const letters = open(kind => unread.push(kind));
    response.type('html');
    if (typeof cause === 'string') {
      const found = await letters.list({ fingerprint: cause, all: true }, LISTED);
      response.send(listPage({ base, viewer, letters: found, limit: LISTED, unread }));
    } else {
      const all = request.query['all'] !== undefined;
      const groups = await letters.groups({ all });
      const standing = await letters.standing();
      response.send(groupsPage({ base, viewer, groups, all, standing, unread }));
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
    const report = await open(ignored).replay(asked.filter, { by, dryRun: asked.dryRun });
    describeReport(response, 'replay dead letters', asked, report);
    sendReport(response, report);
  });
  router.post('/discard', async (request, response) => {
    const { name: by, role } = viewerOf(request);
    if (!mayAct(role, 'admin')) {
      return answer(request, response, { status: 403, title: 'Forbidden', message: 'Only an admin may discard.' });
    }
    const asked = readAsked(request.body);
    if (asked?.reason === undefined) return wrongBody(request, response);
    if (asked.dryRun) markDryRun(response);
    const report = await open(ignored).discard(asked.filter, { by, reason: asked.reason, dryRun: asked.dryRun });
    describeReport(response, 'discard dead letters', asked, report);
    sendReport(response, report);
  });
  return router;
}

/** An action says by itself what it could not find. */
function ignored(): void {}

interface Asked {
  readonly filter: DeadLetterFilter;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
}

/** `{fingerprint}` or `{ids}`, nothing wider: the page has no button for "all". */
function readAsked(body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { fingerprint, ids, dryRun, reason }: Partial<Record<string, unknown>> = body;
  // A cause says by itself whether its jobs expired or were cancelled.
  const filter = typeof fingerprint === 'string' ? { fingerprint, all: true } : isIds(ids) ? { ids } : undefined;
  if (filter === undefined || typeof dryRun !== 'boolean') return undefined;
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  return { filter, dryRun, reason: given };
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
  const message = 'Expected {"fingerprint"} or {"ids"}, {"dryRun"}, and for a discard {"reason"}.';
  answer(request, response, { status: 400, title: 'Bad request', message });
}
