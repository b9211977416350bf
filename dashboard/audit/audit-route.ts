import type { Request, RequestHandler } from 'express';
import { answer, wantsPage } from '../http/answers.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import { isAuditPlace, type AuditEntry, type AuditLog } from '../../src/audit/index.ts';
import { auditPage } from './audit-page.ts';

export interface AuditRouteOptions {
  readonly base: string;
  readonly log: AuditLog;
  readonly viewerOf: (request: Request) => Viewer;
}

const SHOWN = 100;

/** `/audit`, for everybody who may look; where people did it from is for admins. `?before=ID` leads on. */
export function auditRoute({ base, log, viewerOf }: AuditRouteOptions): RequestHandler {
  return async (request, response) => {
    const viewer = viewerOf(request);
    const { before: from } = request.query;
    if (from !== undefined && !isAuditPlace(from)) {
      // The latest in its place would pass for what came before them.
      const message = 'Expected before to be `next` of the page before, got something else.';
      return answer(request, response, { status: 400, title: 'No such page of the audit', message });
    }
    const { entries: found, next } = await log.read(from, SHOWN);
    const entries = mayAct(viewer.role, 'admin') ? found : found.map(withoutClient);
    if (wantsPage(request)) response.type('html').send(auditPage({ base, viewer, entries, next, before: from }));
    else response.json({ entries, next });
  };
}

function withoutClient(entry: AuditEntry): AuditEntry {
  return { ...entry, client: 'for admins' };
}
