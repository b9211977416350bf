import express, { Router, type Request } from 'express';
import { answer } from '../http/answers.ts';
import { describeAction, markDryRun } from '../audit/record-actions.ts';
import { mayAct } from '../sign-in/roles.ts';
import type { Viewer } from '../sign-in/sessions.ts';

export interface AlertTestRouteOptions {
  /** Sends a message to the webhook of alerts. Rejects where it is not taken. */
  readonly send: () => Promise<void>;
  readonly viewerOf: (request: Request) => Viewer;
  readonly report: (error: unknown) => void;
}

/** `POST /alerts/test` with `{dryRun}`: an admin sees whether messages arrive. Where they go is told to nobody: the address may carry a secret. */
export function alertTestRoute({ send, viewerOf, report }: AlertTestRouteOptions): Router {
  const router = Router();
  router.post('/test', express.json({ limit: '1kb' }), async (request, response) => {
    if (!mayAct(viewerOf(request).role, 'admin')) {
      const message = 'Only an admin may send a test alert.';
      return answer(request, response, { status: 403, title: 'Forbidden', message });
    }
    const { dryRun }: Partial<Record<string, unknown>> = { ...(request.body as object | null | undefined) };
    if (typeof dryRun !== 'boolean')
      return answer(request, response, { status: 400, title: 'Bad request', message: 'Expected {"dryRun"}.' });
    if (dryRun) {
      markDryRun(response);
      return void response.json({ matched: 1, done: 1, skipped: 0 });
    }
    describeAction(response, { what: 'send a test alert', matched: 1 });
    try {
      await send();
    } catch (error) {
      report(error);
      const message = 'The webhook of alerts did not take the message; the log of the dashboard says why.';
      return answer(request, response, { status: 502, title: 'Not taken', message });
    }
    return void response.json({ matched: 1, done: 1, skipped: 0 });
  });
  return router;
}
