import type { Request, RequestHandler } from 'express';
import {
  BULK_ACTIONS,
  bulkFilter,
  checkBulk,
  filterWords,
  sampleBulk,
  type BulkAction,
  type BulkTasks,
} from '../../src/bulk/index.ts';
import type { App } from '../../src/contracts/index.ts';
import type { DeadLetters } from '../../src/dead-letters/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { hasCode } from '../../src/errors/index.ts';
import { secretsOf } from '../../src/state/index.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { answer } from '../http/answers.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { askedIn, isAskedWhole, readAsked, type AskedJobs } from './asked-jobs.ts';

export interface BulkRouteOptions {
  readonly engine: Engine;
  readonly app: App;
  readonly tasks: BulkTasks;
  readonly letters: Pick<DeadLetters, 'sample'>;
  readonly viewerOf: (request: Request) => Viewer;
}

const PER_SECOND = 50;
const MOST_PER_SECOND = 1_000;
const REASON_LIMIT = 500;

/** Operators do all but discard. */
export function roleOf(what: BulkAction): Role {
  return what === 'discard' ? 'admin' : 'operator';
}

/** What is asked of whoever does it: it is all that says later why these ended. */
export function asksReason(what: BulkAction): boolean {
  return what === 'discard' || what === 'cancel';
}

/**
 * `{do, jobs, dryRun, reason, perSecond}`: something is done to all that match, `jobs` being the fields of a search. A rehearsal counts them and names some;
 * the rest goes on in the background. On record stand a tag's name and its digest.
 */
export function bulkRoute({ engine, app, tasks, letters, viewerOf }: BulkRouteOptions): RequestHandler {
  return async (request, response) => {
    const refused = (message: string, status = 400): void =>
      answer(request, response, { status, title: status === 403 ? 'Forbidden' : 'Bad request', message });
    const asked = readBody(request.body);
    if (asked === undefined) {
      return refused(
        `Expected {"do"}: ${BULK_ACTIONS.join(', ')}, {"jobs"} with the fields of a search and no others (texts of at most 300 characters), {"dryRun"}, and to cancel or discard {"reason"}.`,
      );
    }
    const { what, jobs, dryRun, reason, perSecond } = asked;
    const viewer = viewerOf(request);
    if (!mayAct(viewer.role, roleOf(what))) return refused(`Only an ${roleOf(what)} may do that.`, 403);
    if (dryRun) markDryRun(response);
    const checked = readAsked(jobs, engine.clock.now(), 1);
    if (typeof checked === 'string') return refused(checked);
    const filter = bulkFilter(checked, await secretsOf(engine).load());
    try {
      checkBulk(what, filter);
    } catch (error) {
      if (hasCode(error, 'INVALID_OPTIONS')) return refused(error.message);
      throw error;
    }
    const { count, more, ids } = await sampleBulk({ engine, app }, letters, what, filter);
    describeAction(response, { what: `${what} all that match`, on: filterWords(filter), matched: count, reason });
    if (dryRun || (count === 0 && !more)) {
      return void response.json({ matched: count, done: count, skipped: 0, more, sample: ids });
    }
    const task = await tasks.begin({ what, filter, by: viewer.name, reason, perSecond, total: count });
    void tasks.look().catch(() => undefined);
    response.status(202).json({ matched: count, done: 0, skipped: 0, more, task: task.id });
  };
}

interface Asked {
  readonly what: BulkAction;
  readonly jobs: AskedJobs;
  readonly dryRun: boolean;
  readonly reason: string | undefined;
  readonly perSecond: number;
}

function readBody(body: unknown): Asked | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { do: verb, jobs, dryRun, reason, perSecond = PER_SECOND }: Partial<Record<string, unknown>> = { ...body };
  const what = BULK_ACTIONS.find(each => each === verb);
  if (what === undefined || typeof jobs !== 'object' || jobs === null || typeof dryRun !== 'boolean') return undefined;
  if (!isAskedWhole(jobs)) return undefined;
  const given = typeof reason === 'string' && reason.trim() !== '' ? reason.slice(0, REASON_LIMIT) : undefined;
  if (asksReason(what) && !dryRun && given === undefined) return undefined;
  if (typeof perSecond !== 'number' || !(perSecond >= 1 && perSecond <= MOST_PER_SECOND)) return undefined;
  return { what, jobs: askedIn(jobs), dryRun, reason: given, perSecond };
}
