import type { Request, RequestHandler, Response } from 'express';
import { shortOn, type ActionDetail, type AuditedAction } from '../../src/audit/index.ts';
import { clientKey } from '../http/client-address.ts';
import { Connections } from '../http/connections.ts';
import { isReading } from '../http/same-origin.ts';

const DRY_RUN = 'dryRun';
const DETAIL = 'actionDetail';
const ACTOR = 'actor';

/** What somebody did on the dashboard, or was kept from doing. */
export type DashboardAction = AuditedAction;

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
  response.locals[DETAIL] = { ...detail, on: shortOn(on) } satisfies ActionDetail;
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
