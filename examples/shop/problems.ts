import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { z } from 'zod';
import { isOutage } from '../../src/resilience/index.ts';
import { IdempotencyConflictError } from '../../src/queue/index.ts';
import { InvalidPayloadError } from '../../src/contracts/index.ts';
import { id } from './routes/fields.ts';

/** Something that the caller can mend. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The request's body as the schema reads it; a body that does not fit is the caller's to mend. */
export function bodyOf<Schema extends z.ZodType>(request: Request, schema: Schema): z.output<Schema> {
  if (request.body === undefined) throw new Problem(415, 'Expected a JSON body with content-type application/json.');
  return checked(schema, request.body);
}

/** An id in a path: one that can be none is one that nobody knows. */
export function pathIdOf(text: string, what: string): string {
  const read = id.safeParse(text);
  if (!read.success) throw new Problem(404, `No such ${what} is known.`);
  return read.data;
}

/** Data as the schema reads it. @throws InvalidPayloadError, for the caller to mend */
export function checked<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> {
  const read = schema.safeParse(data);
  if (read.success) return read.data;
  throw new InvalidPayloadError(
    'the request',
    read.error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.') || '(root)', message })),
  );
}

export const notFound: RequestHandler = (_request, response) => {
  response.status(404).json({ error: 'Nothing is here.' });
};

/** Errors as JSON, in words that tell an outsider nothing about the inside. */
export function problems(onError: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error instanceof InvalidPayloadError) {
      response.status(400).json({ error: 'The data does not fit.', issues: error.issues });
    } else if (error instanceof Problem) {
      response.status(error.status).json({ error: error.message });
    } else if (error instanceof IdempotencyConflictError) {
      response.status(409).json({ error: 'The key was already used for other data.' });
    } else if (isOutage(error)) {
      onError(error);
      response.status(503).set('retry-after', '2').json({ error: 'The service is away for the moment; try again.' });
    } else if (isRefusedByExpress(error)) {
      response.status(error.status).json({ error: refusal(error) });
    } else {
      onError(error);
      response.status(500).json({ error: 'Something failed on our side.' });
    }
  };
}

/** A malformed body, or a path that cannot be decoded. */
function isRefusedByExpress(error: unknown): error is Error & { readonly status: number } {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status >= 400 &&
    error.status < 500
  );
}

function refusal(error: Error & { readonly status: number }): string {
  if (error.status === 413) return 'The body is too large.';
  const isMalformed = 'type' in error && error.type === 'entity.parse.failed';
  return isMalformed ? 'The body is no JSON object.' : 'The request cannot be read.';
}
