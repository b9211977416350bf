import type { Request, RequestHandler } from 'express';
import { within } from '../../src/time/index.ts';
import type { Viewers } from './access.ts';
import { isRole, type Role } from './roles.ts';
import type { Viewer } from './sessions.ts';

/** Who asks, by the word of the app that the dashboard is part of, or of the proxy in front of it. */
export interface AuthenticatedUser {
  /** 1 to 200 characters, none of them a control character: it stands in the audit. */
  readonly name: string;
  readonly role: Role;
}

/**
 * Called with each request but those for health, style and metrics with a token. Undefined: nobody who may look. What it throws is
 * reported and opens nothing either; nor does one that has not answered after ten seconds.
 */
export type Authenticate = (request: Request) => AuthenticatedUser | undefined | Promise<AuthenticatedUser | undefined>;

/** An app that asks a store which never answers must not hold the request for ever. */
const PATIENCE_MS = 10_000;
const NAME = /^[^\p{Cc}]{1,200}$/u;

export function recogniseByWord(
  viewers: Viewers,
  authenticate: Authenticate,
  report: (error: unknown) => void,
  patienceMs = PATIENCE_MS,
): RequestHandler {
  return async (request, response, next) => {
    const viewer = await viewerByWord(authenticate, request, report, patienceMs);
    // Whoever has gone by now is on record without a name, so nothing is done for them.
    if (response.closed || request.socket.destroyed) return;
    if (viewer !== undefined) viewers.set(request, viewer);
    next();
  };
}

export async function viewerByWord(
  authenticate: Authenticate,
  request: Request,
  report: (error: unknown) => void,
  patienceMs = PATIENCE_MS,
): Promise<Viewer | undefined> {
  const user = await ask(authenticate, request, report, patienceMs);
  return user && { ...user, formToken: undefined };
}

async function ask(
  authenticate: Authenticate,
  request: Request,
  report: (error: unknown) => void,
  patienceMs: number,
): Promise<AuthenticatedUser | undefined> {
  const late = (): Error => new Error(`Expected authenticate to answer within ${patienceMs} ms, got nothing so far.`);
  try {
    // What it answers may throw as well when it is looked at.
    return userIn(await within(patienceMs, Promise.resolve(authenticate(request)), late));
  } catch (error) {
    report(error);
    return undefined;
  }
}

/** An app in JavaScript answers whatever it likes: only what is whole lets anybody in. */
function userIn(answer: unknown): AuthenticatedUser | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { name, role }: Partial<Record<keyof AuthenticatedUser, unknown>> = answer;
  if (typeof name !== 'string' || !NAME.test(name) || typeof role !== 'string' || !isRole(role)) return undefined;
  return { name, role };
}
