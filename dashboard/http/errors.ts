import type { ErrorRequestHandler } from 'express';
import { answer, type Answer } from './answers.ts';
import { isEngineAway } from './engine-away.ts';

const REFUSED: Readonly<Record<number, Answer>> = {
  400: { status: 400, title: 'Bad request', message: 'The request could not be read.' },
  413: { status: 413, title: 'Too large', message: 'The request is larger than the dashboard takes.' },
};
const AWAY: Answer = {
  status: 503,
  title: 'The queue engine is away',
  message: 'The queue engine cannot be reached now. The dashboard recovers by itself when it is back.',
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
    if (isEngineAway(error)) return answer(request, response, AWAY);
    report(error);
    return answer(request, response, FAILED);
  };
}

/** express and its parsers put the status that fits on their errors; ours and the drivers' carry none. */
function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && status >= 400 ? status : 500;
}
