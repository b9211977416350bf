/** What of the description is the same whatever the contracts are. */

const text = { type: 'string' } as const;
const orNull = (schema: { readonly type: string }): unknown => ({ ...schema, type: [schema.type, 'null'] });
const time = { type: 'string', format: 'date-time' } as const;
const ref = (name: string): unknown => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: unknown): unknown => ({ 'application/json': { schema } });
const object = (properties: Readonly<Record<string, unknown>>, optional: readonly string[] = []): unknown => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter(name => !optional.includes(name)),
});

const PROBLEM = { description: 'Not taken', content: { 'application/problem+json': { schema: ref('Problem') } } };
const answers = (status: number, description: string, schema: unknown): Readonly<Record<string, unknown>> => ({
  [status]: { description, content: json(schema) },
  default: PROBLEM,
});

export const SCHEMAS: Readonly<Record<string, unknown>> = {
  Receipt: object(
    {
      id: text,
      name: text,
      queue: text,
      deduplicated: { type: 'boolean' },
      updated: { type: 'boolean' },
      item: { type: 'integer' },
    },
    ['updated', 'item'],
  ),
  Options: object(
    {
      delay: { type: ['string', 'integer'], description: 'Such as 30s, 5m, 1d; or milliseconds.' },
      at: time,
      priority: { enum: ['high', 'normal', 'low'] },
      correlationId: text,
      generated: { type: 'array', items: text },
    },
    ['delay', 'at', 'priority', 'correlationId', 'generated'],
  ),
  Job: object({
    id: text,
    name: text,
    queue: text,
    state: { enum: ['waiting', 'delayed', 'running', 'succeeded', 'cancelled', 'expired', 'dead', 'unknown'] },
    attemptsMade: { type: 'integer' },
    attempts: { type: 'integer' },
    correlationId: text,
    tags: { type: 'array', items: object({ name: text, value: text }, ['value']) },
    enqueuedAt: time,
    startedAt: orNull(time),
    finishedAt: orNull(time),
    waitsFor: { type: ['object', 'null'] },
    progress: {},
    deadReason: orNull(text),
    lastError: orNull(text),
  }),
  Problem: object(
    {
      type: text,
      title: text,
      status: { type: 'integer' },
      detail: text,
      code: text,
      issues: { type: 'array', items: object({ path: text, message: text }) },
      jobs: { type: 'array', items: { oneOf: [ref('Receipt'), { type: 'null' }] } },
      jobId: text,
    },
    ['issues', 'jobs', 'jobId'],
  ),
};

export const ID = { name: 'id', in: 'path', required: true, schema: text };
const KEY = { name: 'Idempotency-Key', in: 'header', required: false, schema: text };

export function enqueueOne(name: string, data: unknown): unknown {
  return {
    summary: `Enqueue ${name}`,
    parameters: [KEY],
    requestBody: { required: true, content: json(object({ data, options: ref('Options') }, ['options'])) },
    responses: answers(202, 'It is queued', ref('Receipt')),
  };
}

export function enqueueMany(names: readonly string[]): unknown {
  const job = object({ name: { enum: names }, data: {}, options: ref('Options'), idempotencyKey: text }, [
    'options',
    'idempotencyKey',
  ]);
  return {
    summary: 'Enqueue many',
    requestBody: { required: true, content: json(object({ jobs: { type: 'array', maxItems: 1_000, items: job } })) },
    responses: answers(202, 'They are queued', object({ jobs: { type: 'array', items: ref('Receipt') } })),
  };
}

export const READ = { summary: 'A job as it stands', responses: answers(200, 'The job', ref('Job')) };
export const RESULT = {
  summary: 'What a job has come to, or comes to while this is waited for',
  parameters: [
    { name: 'wait', in: 'query', required: false, schema: { ...text, pattern: '^\\d+(\\.\\d+)?(ms|s|m)$' } },
  ],
  responses: {
    ...answers(200, 'It has succeeded', object({ id: text, state: { const: 'succeeded' }, result: {} })),
    202: { description: 'It has not ended', content: json(object({ id: text, state: { const: 'open' } })) },
  },
};
export const EVENTS = {
  summary: 'A job whenever it has changed, until it has ended',
  responses: {
    200: { description: 'Server-sent events', content: { 'text/event-stream': { schema: text } } },
    default: PROBLEM,
  },
};
export const CANCEL = {
  summary: 'Say that a job is no longer wanted',
  requestBody: { required: false, content: json(object({ reason: text }, ['reason'])) },
  responses: answers(200, 'What was found', object({ id: text, answer: { enum: ['requested', 'ended'] } })),
};
