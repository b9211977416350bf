import type { ServerResponse } from 'node:http';
import {
  ChunksFullError,
  IdempotencyConflictError,
  type JobReceipt,
  QueueUnavailableError,
} from '../../queue/index.ts';
import { InvalidPayloadError } from '../../contracts/index.ts';
import { isShiftworkError, type ShiftworkError } from '../../errors/index.ts';
import { isUnreachable } from '../../resilience/index.ts';
import { RequestRefusedError } from './request-refused-error.ts';

/** Where the codes are explained. */
const TYPES = 'https://github.com/shiftwork-jobs/shiftwork/blob/main/docs/errors.md#';

/** An answer in JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** RFC 9457, with the code of docs/errors.md. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** Which fields of the data do not fit. */
  readonly issues?: InvalidPayloadError['issues'];
  /** Of many jobs, those that were queued all the same; null for the others. */
  readonly jobs?: readonly (JobReceipt | null)[];
  /** The job that the key stands for. */
  readonly jobId?: string;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  429: 'Too many requests',
  431: 'Head too large',
  500: 'Something failed',
  503: 'Unavailable',
};

/** Errors that their own message may explain to who asked: it names no host and no value that is sensitive. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  INVALID_PAYLOAD: 400,
  INVALID_OPTIONS: 400,
  GROUP_INVALID: 400,
  PAYLOAD_TOO_LARGE: 413,
  IDEMPOTENCY_CONFLICT: 409,
  RESULT_DEAD: 409,
  RESULT_CANCELLED: 409,
  RESULT_EXPIRED: 409,
  RESULT_UNKNOWN: 404,
};

const AWAY =
  'The queue engine cannot be reached now. Repeat the request later; with the same idempotency key that queues nothing twice.';

/** Of a failed request. `report` gets what the answer keeps to itself. */
export function problemAnswer(error: unknown, report: (error: unknown) => void): Answer {
  if (error instanceof RequestRefusedError) return answerOf(error.status, error, error.message, error.headers);
  if (!isShiftworkError(error)) return isUnreachable(error) ? away('ENGINE_UNREACHABLE') : failed(error, report);
  const status = STATUS_OF_CODE[error.code];
  if (status !== undefined) {
    // What a function of the contract has thrown, which may be a fault of its author.
    if (error.cause !== undefined) report(error.cause);
    return answerOf(status, error, error.message);
  }
  if (isAway(error)) return away(error.code, receiptsOf(error));
  return failed(error, report);
}

function isAway(error: ShiftworkError): boolean {
  return (
    error instanceof QueueUnavailableError ||
    error instanceof ChunksFullError ||
    error.code === 'CLIENT_CLOSED' ||
    isUnreachable(error)
  );
}

/** Both ends of the wire know these jobs by their ids alone. */
function receiptsOf(error: ShiftworkError): Pick<Problem, 'jobs'> {
  const isOfMany = error instanceof QueueUnavailableError || error instanceof IdempotencyConflictError;
  if (!isOfMany || !error.receipts.some(receipt => receipt !== undefined)) return {};
  return { jobs: error.receipts.map(receipt => receipt ?? null) };
}

function answerOf(
  status: number,
  error: ShiftworkError,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return problem(status, error.code, detail, headers, {
    ...(error instanceof InvalidPayloadError && { issues: error.issues }),
    ...(error instanceof IdempotencyConflictError && { jobId: error.jobId }),
    ...receiptsOf(error),
  });
}

function away(code: string, beside: Partial<Problem> = {}): Answer {
  return problem(503, code, AWAY, { 'Retry-After': '2' }, beside);
}

function failed(error: unknown, report: (error: unknown) => void): Answer {
  report(error);
  const code = isShiftworkError(error) ? error.code : 'UNFORESEEN';
  return problem(500, code, 'This could not be done; the log of the server says why.');
}

function problem(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  beside: Partial<Problem> = {},
): Answer {
  const body: Problem = {
    type: `${TYPES}${code}`,
    title: TITLES[status] ?? 'Refused',
    status,
    detail,
    code,
    ...beside,
  };
  return { status, body, headers: { ...headers, 'Content-Type': 'application/problem+json' } };
}

export function send(response: ServerResponse, { status, body, headers = {} }: Answer): void {
  response.statusCode = status;
  for (const [name, value] of Object.entries({ ...EVERY, 'Content-Type': 'application/json', ...headers })) {
    response.setHeader(name, value);
  }
  response.end(`${JSON.stringify(body)}\n`);
}

/** Answers are of one caller and of now; no browser is to read them as a page, or another site to have them. */
export const EVERY: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};
