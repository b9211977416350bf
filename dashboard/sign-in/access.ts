import type { Request, RequestHandler } from 'express';
import { answer, baseOf, wantsPage } from '../http/answers.ts';
import { isLoopbackAddress, isLoopbackHost } from '../http/client-address.ts';
import { readCookie } from '../http/cookies.ts';
import { isReading } from '../http/same-origin.ts';
import { mayAct } from './roles.ts';
import type { Sessions, Viewer } from './sessions.ts';

/** Who makes each request, once it has been found out. */
export class Viewers {
  readonly #found = new WeakMap<Request, Viewer>();

  set(request: Request, viewer: Viewer): void {
    this.#found.set(request, viewer);
  }

  readonly of = (request: Request): Viewer | undefined => this.#found.get(request);
}

export function recogniseBySession(viewers: Viewers, sessions: Sessions, cookie: string): RequestHandler {
  return async (request, response, next) => {
    const viewer = await sessions.find(readCookie(request, cookie));
    // Whoever has gone by now is on record without a name, so nothing is done for them.
    if (response.closed || request.socket.destroyed) return;
    if (viewer !== undefined) viewers.set(request, viewer);
    next();
  };
}

/**
 * Without users, in development: whoever sits at this machine is an admin. The name in the Host header counts as well as the
 * address, because another site can point its own name at 127.0.0.1 and have the browser ask us.
 */
export function recogniseByLoopback(viewers: Viewers): RequestHandler {
  const developer: Viewer = { name: 'developer', role: 'admin', formToken: undefined };
  return (request, response, next) => {
    const { socket, headers } = request;
    const forwarded = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
    const local = isLoopbackAddress(socket.remoteAddress) && isLoopbackAddress(socket.localAddress);
    if (forwarded || !local || !isLoopbackHost(headers.host)) {
      return answer(request, response, {
        status: 403,
        title: 'Forbidden',
        message:
          'Without users the dashboard answers on this machine alone, as localhost. Set DASHBOARD_USERS to open it to others.',
      });
    }
    viewers.set(request, developer);
    return next();
  };
}

/**
 * Nobody passes without having been recognised: people are led to the sign-in where there is one here (`signsIn`), programs get 401.
 */
export function recognisedOnly(viewers: Viewers, signsIn: boolean): RequestHandler {
  return (request, response, next) => {
    if (viewers.of(request) !== undefined) return next();
    if (signsIn && isReading(request) && wantsPage(request)) {
      return response.redirect(302, `${baseOf(response)}/sign-in?next=${encodeURIComponent(request.url)}`);
    }
    const message = signsIn ? 'Sign in first.' : 'Sign in first, where you do so for the app that this is part of.';
    return answer(request, response, { status: 401, title: 'Unauthorized', message });
  };
}

/** The least that any change needs, before a route says what it needs: viewers only look. */
export function viewersOnlyRead(viewers: Viewers, searches: readonly string[] = []): RequestHandler {
  return (request, response, next) => {
    const viewer = viewers.of(request);
    const isSearch = request.method === 'POST' && searches.includes(request.path);
    if (isReading(request) || isSearch || (viewer !== undefined && mayAct(viewer.role, 'operator'))) return next();
    return answer(request, response, {
      status: 403,
      title: 'Forbidden',
      message: 'Your role may look, not act. Ask an operator or an admin.',
    });
  };
}
