import type { ErrorRequestHandler } from 'express';
import { codeOf } from '../../src/errors/index.ts';
import { EngineCheckError } from '../../src/engine/index.ts';
import { answer, type Answer } from './answers.ts';
import { answerEngineAway, isEngineAway } from './engine-away.ts';

const REFUSED: Readonly<Record<number, Answer>> = {
  400: { status: 400, title: 'Bad request', message: 'The request could not be read.' },
  413: { status: 413, title: 'Too large', message: 'The request is larger than the dashboard takes.' },
};
/** PostgreSQL's: a text with a NUL, or with half a character. */
const NO_TEXTS: ReadonlySet<string> = new Set(['22021', '22P05']);
const NO_TEXT: Answer = {
  status: 400,
  title: 'Bad request',
  message: 'The request holds a text that the engine cannot store, such as one with a NUL character.',
};
/** PostgreSQL's: a table, a schema, a function or a column that is not there. */
const NO_TABLES: ReadonlySet<string> = new Set(['42P01', '3F000', '42883', '42703']);
const NOT_MIGRATED: Answer = {
  status: 503,
  title: 'Tables are missing',
  message:
    'PostgreSQL has no tables for this that fit. Run shiftwork migrate; the log of the dashboard says which are missing.',
};
const UNUSABLE: Answer = {
  status: 503,
  title: 'The queue engine cannot be used yet',
  message: 'The queue engine is there but must not be used as it is; the log of the dashboard says why.',
};
const FAILED: Answer = {
  status: 500,
  title: 'Something failed',
  message: 'The dashboard could not do this; its log says why.',
};

/** The end of every failed request: nothing of the error itself goes out. */
export function errorAnswers(report: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error);
    const status = statusOf(error);
    const refused = REFUSED[status] ?? (status < 500 ? REFUSED[400] : undefined);
    if (refused !== undefined) return answer(request, response, refused);
    if (NO_TEXTS.has(codeOf(error) ?? '')) return answer(request, response, NO_TEXT);
    if (isEngineAway(error)) return answerEngineAway(request, response, error);
    report(error);
    if (NO_TABLES.has(codeOf(error) ?? '')) return answer(request, response, NOT_MIGRATED);
    return answer(request, response, error instanceof EngineCheckError ? UNUSABLE : FAILED);
  };
}

/** express and its parsers put the status that fits on their errors; ours and the drivers' carry none. */
function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}
