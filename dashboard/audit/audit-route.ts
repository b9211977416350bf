import type { Request, RequestHandler } from 'express';
import { wantsPage } from '../http/answers.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';
import type { AuditEntry, AuditLog } from './audit-log.ts';
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
    const { before } = request.query;
    const from = typeof before === 'string' ? before : undefined;
    const { entries: found, next } = await log.read(from, SHOWN);
    const entries = mayAct(viewer.role, 'admin') ? found : found.map(withoutClient);
    if (wantsPage(request)) response.type('html').send(auditPage({ base, viewer, entries, next, before: from }));
    else response.json({ entries, next });
  };
}

function withoutClient(entry: AuditEntry): AuditEntry {
  return { ...entry, client: 'for admins' };
}
