import type {
  BeforeHookResult,
  BoardHooks,
  ControllerHandlerReturnType,
  HookContext,
} from '@bull-board/api/typings/app';
import { type AnyJobContract, type App, validatePayload, InvalidPayloadError } from '../../src/contracts/index.ts';
import { contractOf } from '../../src/queue/index.ts';
import { mayAct, type Role } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { judgeClean, judgeCleanAll, judgeRetry, judgeRetryAll } from './judge-jobs.ts';
import { refusal } from './refusal.ts';
import { roleNeeded } from './route-policy.ts';
import { ShownQueue } from './shown-queue.ts';

type Body = ControllerHandlerReturnType['body'];

const MOST_JOBS_A_PAGE = 200;
const FURTHEST_MS = 365 * 86_400_000;

/**
 * Decides on each call of Bull Board's API, where Bull Board itself has matched the route: no spelling of a path can make the
 * decision and the action disagree. `currentViewer` answers undefined where nobody has been let in, and that is refused.
 */
export function boardHooks(app: App, currentViewer: () => Viewer | undefined): BoardHooks {
  return {
    async before(context) {
      const needed = roleNeeded(context.method, context.route);
      const viewer = currentViewer();
      if (needed === undefined) return refusal(403, 'The dashboard does not know this action, so it is denied.');
      if (viewer === undefined) return refusal(403, 'Sign in first.');
      if (!mayAct(viewer.role, needed)) return refusal(403, `This needs the role ${needed}; yours is ${viewer.role}.`);
      return judge(app, context, viewer.role);
    },
    after(context, result) {
      if (context.route.endsWith('/flow')) return { ...result, body: withoutResults(result.body) };
      // The page leaves out what it is told cannot be done; `before` is what forbids it.
      const looksOnly = currentViewer()?.role === 'viewer' && context.route === '/api/queues';
      return looksOnly ? { ...result, body: asReadOnly(result.body) } : result;
    },
  };
}

async function judge(app: App, { method, route, request }: HookContext, role: Role): Promise<BeforeHookResult> {
  switch (`${method} ${route}`) {
    case 'get /api/queues':
      return Number(request.query['jobsPerPage'] ?? 0) > MOST_JOBS_A_PAGE
        ? refusal(400, `At most ${MOST_JOBS_A_PAGE} jobs a page.`)
        : judgeName(request.query['activeQueue']);
    case 'get /api/job-schedulers':
      return judgeName(request.query['queueName']);
    case 'put /api/queues/:queueName/rate-limit':
      // BullMQ would take the count from one limit and the time from the other.
      return app.queues.get(String(request.params['queueName']))?.rate === undefined
        ? undefined
        : refusal(403, "This queue's rate limit is set in the app definition; change it there.");
    case 'put /api/queues/:queueName/concurrency':
      // Each start of a worker host would set the app's again.
      return app.queues.get(String(request.params['queueName']))?.totalConcurrency === undefined
        ? undefined
        : refusal(403, "This queue's totalConcurrency is set in the app definition; change it there.");
    case 'put /api/queues/:queueName/retry/:queueStatus':
      return judgeRetryAll(request);
    case 'put /api/queues/:queueName/clean/:queueStatus':
      return judgeCleanAll(request, role);
    case 'put /api/queues/:queueName/:jobId/retry':
      return judgeRetry(request);
    case 'put /api/queues/:queueName/:jobId/clean':
      return judgeClean(request, role);
    case 'post /api/queues/:queueName/add':
      return judgeAdd(app, request);
    case 'patch /api/queues/:queueName/:jobId/delay':
      // As for a producer. BullMQ keeps whatever number it is given, and the page cannot show such a time.
      return Number(request.body?.['runAt'] ?? 0) > Date.now() + FURTHEST_MS
        ? refusal(400, 'Expected a time within a year.')
        : undefined;
    case 'patch /api/queues/:queueName/:jobId/update-data':
      return judgeEdit(app, request);
    default:
      return undefined;
  }
}

/** Bull Board decodes these once more, and fails on what cannot be. */
function judgeName(name: unknown): BeforeHookResult {
  try {
    decodeURIComponent(String(name ?? ''));
    return undefined;
  } catch {
    return refusal(400, 'The name of the queue cannot be decoded.');
  }
}

function judgeAdd(app: App, { params, body }: HookContext['request']): BeforeHookResult {
  const contract = app.jobs.get(String(body['name']));
  if (contract === undefined || contract.queue !== params['queueName']) {
    return refusal(400, 'The app has no job of this name in this queue.');
  }
  return hidden(contract, 'Adding or duplicating it here');
}

async function judgeEdit(app: App, { queues, params, body }: HookContext['request']): Promise<BeforeHookResult> {
  const queue = queues.get(String(params['queueName']));
  if (!(queue instanceof ShownQueue)) return undefined;
  const job = await queue.rawJob(String(params['jobId'])).catch(() => undefined);
  if (job === undefined) return undefined;
  const contract = contractOf(app, job);
  if (contract === undefined) {
    return refusal(403, 'This release has no contract for this job, so its data is hidden and cannot be edited.');
  }
  const denied = hidden(contract, 'Editing it here');
  if (denied !== undefined) return denied;
  try {
    await validatePayload(contract, body['jobData']);
    return undefined;
  } catch (error) {
    return refusal(400, error instanceof InvalidPayloadError ? error.message : 'The data does not fit the schema.');
  }
}

/** What the page shows of such a job is redacted, and saving it would write the redaction over the data. */
function hidden(contract: AnyJobContract, action: string): BeforeHookResult {
  if (contract.sensitive.length === 0) return undefined;
  return refusal(
    403,
    `"${contract.name}" has sensitive fields, which are hidden. ${action} would save the hidden values as its data; use a producer or the command line.`,
  );
}

/** A flow is read past the queue, so nothing redacted it: progress other than a number and reasons of failures are left out. */
function withoutResults<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutResults) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([name, inner]) =>
      name !== 'ignoredChildFailureReasons' &&
      !(name === 'progress' && typeof inner !== 'number' && inner !== undefined),
  );
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutResults(inner)])) as Value;
}

function asReadOnly(body: Body): Body {
  const queues: unknown = typeof body === 'string' || !('queues' in body) ? undefined : body['queues'];
  if (typeof body === 'string' || !Array.isArray(queues)) return body;
  const readOnly = { readOnlyMode: true, allowRetries: false, allowCompletedRetries: false };
  return { ...body, queues: queues.map((queue: object) => ({ ...queue, ...readOnly })) };
}
