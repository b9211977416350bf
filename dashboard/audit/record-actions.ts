import type { Request, RequestHandler, Response } from 'express';
import { clientKey } from '../http/client-address.ts';
import { Connections } from '../http/connections.ts';
import { isReading } from '../http/same-origin.ts';

const DRY_RUN = 'dryRun';
const DETAIL = 'actionDetail';
const ACTOR = 'actor';

/** What a route says of an action beside its path. Nothing sensitive: a tag that is no public one stands here by its digest. */
export interface ActionDetail {
  /** In a few words: `replay dead letters`. */
  readonly what: string;
  /** Which: ids, a cause, a filter. Cut at 300 characters. */
  readonly on?: string | undefined;
  /** How many that were, how many of them it was done to, and to how many it could not be done. */
  readonly matched?: number | undefined;
  readonly done?: number | undefined;
  readonly skipped?: number | undefined;
  readonly reason?: string | undefined;
}

/** What somebody did, or was kept from doing. */
export interface DashboardAction {
  /** Undefined for somebody who has not signed in. */
  readonly user: string | undefined;
  readonly role: string | undefined;
  readonly method: string;
  /** Without the query; cut at 300 characters. */
  readonly path: string;
  /** Undefined where the connection was closed before there was one. */
  readonly status: number | undefined;
  /**
   * `dry run`: it was only asked what would be done. `connection closed`: the client did not wait for the answer, and what was asked
   * may have been done.
   */
  readonly outcome: 'done' | 'dry run' | 'refused' | 'failed' | 'connection closed';
  /** The client's address, or its network. */
  readonly client: string;
  /** Undefined where its path says all. */
  readonly detail?: ActionDetail | undefined;
}

export interface Actor {
  readonly name: string;
  readonly role: string;
}

/** Tells `record` of every request that would change something, and of every refusal, once it is answered or its client is gone. */
export function audit(
  record: (action: DashboardAction) => void,
  actorOf: (request: Request) => Actor | undefined,
): RequestHandler {
  const connections = new Connections();
  return (request, response, next) => {
    const { method } = request;
    // Routers change the request while they work on it.
    const path = request.originalUrl.split('?', 1)[0]?.slice(0, 300) ?? '';
    const client = clientKey(request);
    const settle = (): void => {
      response.off('close', settle);
      forget();
      const status = response.writableFinished ? response.statusCode : undefined;
      if (isReading(request) && !isRefusal(status)) return;
      const actor = (response.locals[ACTOR] as Actor | undefined) ?? actorOf(request);
      const outcome = outcomeOf(status, response.locals[DRY_RUN] === true);
      const detail = detailOf(response);
      record({
        user: actor?.name,
        role: actor?.role,
        method,
        path,
        status,
        outcome,
        client,
        ...(detail && { detail }),
      });
    };
    // Not `finish`: that never comes where the client closes the connection first.
    response.once('close', settle);
    // Nor does `close` where the request was sent ahead of the answer to the one before it: such an answer has no connection yet.
    const forget = isReading(request) ? () => undefined : connections.onClose(request.socket, settle);
    next();
  };
}

/** Says that this request changes nothing: it asks what would be done. */
export function markDryRun(response: Response): void {
  response.locals[DRY_RUN] = true;
}

/** Says of an action what its path does not. */
export function describeAction(response: Response, { on, ...detail }: ActionDetail): void {
  response.locals[DETAIL] = { ...detail, on: on?.slice(0, 300) } satisfies ActionDetail;
}

/** Says who acted, of a request that came from nobody yet: somebody has signed in. */
export function actedAs(response: Response, { name, role }: Actor): void {
  response.locals[ACTOR] = { name, role } satisfies Actor;
}

function detailOf(response: Response): ActionDetail | undefined {
  return response.locals[DETAIL] as ActionDetail | undefined;
}

function outcomeOf(status: number | undefined, dryRun: boolean): DashboardAction['outcome'] {
  if (status === undefined) return 'connection closed';
  if (status < 400) return dryRun ? 'dry run' : 'done';
  return status < 500 ? 'refused' : 'failed';
}

/** A read without a session is no refusal worth a line: scanners would fill the log. */
function isRefusal(status: number | undefined): boolean {
  return status === 403 || status === 415 || status === 429;
}
