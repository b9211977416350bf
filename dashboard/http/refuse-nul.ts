import type { RequestHandler } from 'express';
import { answer } from './answers.ts';

/** No name or id has a NUL. PostgreSQL refuses it in any text, and Bull Board takes it for a mark of its own: both would be a 500. */
export const refuseNul: RequestHandler = (request, response, next) =>
  request.url.includes('%00')
    ? answer(request, response, { status: 400, title: 'Bad request', message: 'The address holds a NUL character.' })
    : next();
