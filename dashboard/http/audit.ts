import type { Request, RequestHandler } from 'express';
import { clientKey } from './client-address.ts';
import { isReading } from './same-origin.ts';

/** What somebody did, or was kept from doing. */
export interface DashboardAction {
  /** Undefined for somebody who has not signed in. */
  readonly user: string | undefined;
  readonly role: string | undefined;
  readonly method: string;
  /** Without the query; cut at 300 characters. */
  readonly path: string;
  readonly status: number;
  readonly outcome: 'done' | 'refused' | 'failed';
  /** The client's address, or its network. */
  readonly client: string;
}

export interface Actor {
  readonly name: string;
  readonly role: string;
}

/** Tells `record` of every request that would change something, and of every refusal, once it is answered. */
export function audit(
  record: (action: DashboardAction) => void,
  actorOf: (request: Request) => Actor | undefined,
): RequestHandler {
  return (request, response, next) => {
    const { method } = request;
    // Routers change the request while they work on it.
    const path = request.originalUrl.split('?', 1)[0]?.slice(0, 300) ?? '';
    const client = clientKey(request);
    response.once('finish', () => {
      const status = response.statusCode;
      if (isReading(request) && !isRefusal(status)) return;
      const actor = actorOf(request);
      const outcome = status < 400 ? 'done' : status < 500 ? 'refused' : 'failed';
      record({ user: actor?.name, role: actor?.role, method, path, status, outcome, client });
    });
    next();
  };
}

/** A read without a session is no refusal worth a line: scanners would fill the log. */
function isRefusal(status: number): boolean {
  return status === 403 || status === 415 || status === 429;
}
