import type { HTTPMethod } from '@bull-board/api/typings/app';
import type { Role } from '../sign-in/roles.ts';

/**
 * Who may call which route of Bull Board's API. A route that is not named here is denied to everybody; a test compares the
 * table with the routes of the installed Bull Board.
 *
 * Operators do what can be undone or concerns jobs that have succeeded; what destroys waiting work, or changes what will run,
 * is for admins. Which jobs a route concerns can be a matter of its parameters: `judge-jobs.ts` decides about those.
 */
const POLICY: Readonly<Record<string, Role>> = {
  'get /api/redis/stats': 'viewer',
  'get /api/queues': 'viewer',
  'get /api/job-schedulers': 'viewer',
  'get /api/queues/:queueName/metrics': 'viewer',
  'get /api/queues/:queueName/default-job-options': 'viewer',
  'get /api/queues/:queueName/workers': 'viewer',
  'get /api/queues/:queueName/rate-limit': 'viewer',
  'get /api/queues/:queueName/job-data-schema': 'viewer',
  'get /api/queues/:queueName/:jobId/logs': 'viewer',
  'get /api/queues/:queueName/:jobId/flow': 'viewer',
  'get /api/queues/:queueName/:jobId': 'viewer',

  'put /api/queues/pause': 'operator',
  'put /api/queues/resume': 'operator',
  'put /api/queues/:queueName/pause': 'operator',
  'put /api/queues/:queueName/resume': 'operator',
  'put /api/queues/:queueName/retry/:queueStatus': 'operator',
  'put /api/queues/:queueName/promote': 'operator',
  'put /api/queues/:queueName/clean/:queueStatus': 'operator',
  'put /api/queues/:queueName/rate-limit/release': 'operator',
  'put /api/queues/:queueName/job-schedulers/:schedulerId/run': 'operator',
  'put /api/queues/:queueName/:jobId/retry': 'operator',
  'put /api/queues/:queueName/:jobId/clean': 'operator',
  'put /api/queues/:queueName/:jobId/promote': 'operator',

  'post /api/queues/:queueName/add': 'admin',
  'put /api/queues/:queueName/concurrency': 'admin',
  'put /api/queues/:queueName/rate-limit': 'admin',
  'put /api/queues/:queueName/empty': 'admin',
  'put /api/queues/:queueName/obliterate': 'admin',
  'put /api/queues/:queueName/job-schedulers/:schedulerId/remove': 'admin',
  'patch /api/queues/:queueName/job-schedulers/:schedulerId': 'admin',
  'patch /api/queues/:queueName/:jobId/update-data': 'admin',
  'patch /api/queues/:queueName/:jobId/delay': 'admin',
  'patch /api/queues/:queueName/:jobId/priority': 'admin',
  'put /api/queues/:queueName/:jobId/remove-unprocessed-children': 'admin',
};

/** The role that a route needs; undefined for a route that nobody may call. */
export function roleNeeded(method: HTTPMethod, route: string): Role | undefined {
  const key = `${method} ${route}`;
  return Object.hasOwn(POLICY, key) ? POLICY[key] : undefined;
}

/** Every route that the table knows, as `method path`. */
export const KNOWN_ROUTES: readonly string[] = Object.keys(POLICY);
