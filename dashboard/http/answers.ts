import type { Request, RequestHandler, Response } from 'express';
import { messagePage } from '../pages/message-page.ts';

const BASE = 'base';

export interface Answer {
  readonly status: number;
  readonly title: string;
  readonly message: string;
}

/** True where a person looks at the answer: a page for them, JSON for everything else. */
export function wantsPage(request: Request): boolean {
  return request.accepts(['json', 'html']) === 'html';
}

/**
 * Tells the answers to come where the dashboard is mounted: what a request says of it changes from router to router. A request that still
 * has the path of the mount goes on without it; an app or a proxy may have taken it off before.
 */
export function mountedAt(base: string): RequestHandler {
  return (request, response, next) => {
    response.locals[BASE] = base;
    if (base !== '' && request.baseUrl === '') request.url = below(base, request.url);
    next();
  };
}

function below(base: string, url: string): string {
  if (!url.startsWith(base)) return url;
  const rest = url.slice(base.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}

export function baseOf(response: Response): string {
  const base: unknown = response.locals[BASE];
  return typeof base === 'string' ? base : '';
}

/** A refusal or failure, in our words alone. */
export function answer(request: Request, response: Response, { status, title, message }: Answer): void {
  response.status(status);
  if (wantsPage(request)) response.type('html').send(messagePage({ base: baseOf(response), title, message }));
  else response.json({ error: title, message });
}
