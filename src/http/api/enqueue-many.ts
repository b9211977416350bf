import type { JobRequest } from '../../contracts/index.ts';
import { InvalidOptionsError } from '../../errors/index.ts';
import type { Answer } from '../exchange/answer.ts';
import { readJson } from '../exchange/read-json.ts';
import { notFound } from '../exchange/request-refused-error.ts';
import { optionsFrom, requireFields, requireText } from './request-fields.ts';
import { contractFor, type RouteContext } from './route-context.ts';

/** Reading them holds the process for some 20 ms. */
const MOST_BYTES = 2_000_000;
const MOST_JOBS = 1_000;

/** `POST /api/v1/jobs` with `{ "jobs": [{ "name", "data", "options", "idempotencyKey" }] }`: all are checked before the first is queued. */
export async function enqueueMany(context: RouteContext): Promise<Answer> {
  const { client, request } = context;
  const { jobs } = requireFields(await readJson(request, MOST_BYTES), 'the body', ['jobs']);
  if (!Array.isArray(jobs) || jobs.length > MOST_JOBS) {
    throw new InvalidOptionsError(`Expected jobs to be a list of at most ${MOST_JOBS}.`);
  }
  const requests = jobs.map((job: unknown, index) => requestFrom(context, job, index));
  return { status: 202, body: { jobs: await client.enqueueMany(requests) } };
}

function requestFrom(context: RouteContext, job: unknown, index: number): JobRequest {
  const fields = requireFields(job, `jobs[${index}]`, ['name', 'data', 'options', 'idempotencyKey']);
  const contract = contractFor(context, 'enqueue', requireText(`jobs[${index}].name`, fields.name));
  if (contract === undefined) throw notFound();
  const options = optionsFrom(fields.options, fields.idempotencyKey, context.token.id);
  return { kind: 'job-request', contract, data: fields.data, options };
}
