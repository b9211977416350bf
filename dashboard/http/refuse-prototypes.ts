import type { RequestHandler } from 'express';
import { namesPrototype } from '../../src/http/index.ts';
import { answer } from './answers.ts';

/** A body in which a property is named `__proto__` is refused, however the name was written. */
export const refusePrototypes: RequestHandler = (request, response, next) =>
  namesPrototype(request.body)
    ? answer(request, response, { status: 400, title: 'Bad request', message: 'The request could not be read.' })
    : next();
